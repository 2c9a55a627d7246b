"""The process: kopf's streams, the lease around them, the queue and its workers, probes, metrics and logs."""
