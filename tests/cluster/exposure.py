"""A Service without pods: a name inside the cluster for something that listens on the node's address."""

from __future__ import annotations

from .api import Json


def exposed(name: str, namespace: str, address: str, port: int, service_port: int | None = None) -> list[Json]:
    """A Service and the EndpointSlice behind it; the Service's port is `port` unless `service_port` says otherwise.

    The address must not be a loopback one: Kubernetes refuses those as endpoints.
    """
    ports = [{"name": "main", "port": service_port or port, "targetPort": port, "protocol": "TCP"}]
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"ports": ports},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{name}-node",
                "namespace": namespace,
                "labels": {"kubernetes.io/service-name": name},
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
            "ports": [{"name": "main", "port": port, "protocol": "TCP"}],
        },
    ]
