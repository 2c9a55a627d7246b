"""The only Kubernetes client code: kinds, connection, client, cache, list-and-watch, events."""
