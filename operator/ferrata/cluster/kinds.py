"""The kinds of objects that Ferrata reads or writes, and their addresses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object in the API."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """The value of `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """The path of the collection, or of one object in it. Without a namespace: of all namespaces."""
        parts = ["/apis", self.group, self.version] if self.group else ["/api", self.version]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        return "/".join([*parts, self.plural, *(part for part in (name, subresource) if part)])


_ARGO = ("argoproj.io", "v1alpha1")
ROLLOUTS = Kind(*_ARGO, "rollouts", "Rollout")
ANALYSIS_RUNS = Kind(*_ARGO, "analysisruns", "AnalysisRun")
ANALYSIS_TEMPLATES = Kind(*_ARGO, "analysistemplates", "AnalysisTemplate")
CLUSTER_ANALYSIS_TEMPLATES = Kind(*_ARGO, "clusteranalysistemplates", "ClusterAnalysisTemplate", namespaced=False)
EXPERIMENTS = Kind(*_ARGO, "experiments", "Experiment")
REPLICA_SETS = Kind("apps", "v1", "replicasets", "ReplicaSet")
DEPLOYMENTS = Kind("apps", "v1", "deployments", "Deployment")
SERVICES = Kind("", "v1", "services", "Service")
SECRETS = Kind("", "v1", "secrets", "Secret")
PODS = Kind("", "v1", "pods", "Pod")
EVENTS = Kind("", "v1", "events", "Event")
INGRESSES = Kind("networking.k8s.io", "v1", "ingresses", "Ingress")
HTTP_ROUTES = Kind("gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute")
LEASES = Kind("coordination.k8s.io", "v1", "leases", "Lease")

SERVED = (ROLLOUTS, ANALYSIS_RUNS, ANALYSIS_TEMPLATES, CLUSTER_ANALYSIS_TEMPLATES, EXPERIMENTS)
"""What users write and Ferrata answers for; all filtered by the instance id."""
SECONDARY = (REPLICA_SETS, SERVICES, INGRESSES, HTTP_ROUTES)
"""What decisions also depend on."""
