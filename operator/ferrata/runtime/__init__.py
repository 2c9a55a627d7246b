"""The process around the controllers: login and watches by kopf, lease, queues and workers, probes, metrics, logs."""
