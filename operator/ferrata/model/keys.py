"""Every label and annotation key that Ferrata writes or reads on Kubernetes objects.

They are those of `argoproj.io/v1alpha1` as clients know them, so that kubectl plugins, Argo CD and dashboards
keep working. Two of them carry no prefix: they are kept for the same reason.
"""

from __future__ import annotations

from typing import Final

# Identity: which revision a ReplicaSet, a pod, a Service selector or a run belongs to.
POD_TEMPLATE_HASH: Final = "rollouts-pod-template-hash"
INSTANCE_ID: Final = "argo-rollouts.argoproj.io/controller-instance-id"

# On AnalysisRuns.
ROLLOUT_TYPE: Final = "rollout-type"
STEP_INDEX: Final = "step-index"
ROLLOUT_TYPE_STEP: Final = "Step"
ROLLOUT_TYPE_BACKGROUND: Final = "Background"
ROLLOUT_TYPE_PRE_PROMOTION: Final = "PrePromotion"
ROLLOUT_TYPE_POST_PROMOTION: Final = "PostPromotion"

# Revisions and sizes, on Rollouts and ReplicaSets.
REVISION: Final = "rollout.argoproj.io/revision"
REVISION_HISTORY: Final = "rollout.argoproj.io/revision-history"
DESIRED_REPLICAS: Final = "rollout.argoproj.io/desired-replicas"
WORKLOAD_GENERATION: Final = "rollout.argoproj.io/workload-generation"
EPHEMERAL_METADATA: Final = "rollout.argoproj.io/ephemeral-metadata"
EPHEMERAL_METADATA_PENDING: Final = "ferrata.dev/ephemeral-metadata-pending"
SCALE_DOWN_DEADLINE: Final = "scale-down-deadline"

# Ownership of objects that exist without a Rollout.
MANAGED_BY: Final = "argo-rollouts.argoproj.io/managed-by-rollouts"
MANAGED_ALB_ANNOTATIONS: Final = "rollouts.argoproj.io/managed-alb-annotations"
MANAGED_ALB_ACTIONS: Final = "rollouts.argoproj.io/managed-alb-actions"

# On ReplicaSets of Experiments.
EXPERIMENT_NAME: Final = "experiment.argoproj.io/name"
EXPERIMENT_TEMPLATE_NAME: Final = "experiment.argoproj.io/template-name"

# Other people's, on Rollouts.
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
NOTIFIED: Final = "notified.notifications.argoproj.io"

NOT_COPIED_TO_REPLICA_SETS: Final = frozenset({LAST_APPLIED, REVISION, REVISION_HISTORY, DESIRED_REPLICAS, NOTIFIED})
"""Annotations of a Rollout that its ReplicaSets do not inherit; all others they do."""
