"""Whatever users write, a pass over it either comes to a plan or says SpecRejected; it never trips."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.mutations import mutated

from ferrata.api.analysis import AnalysisRun
from ferrata.api.parsing import require_types
from ferrata.cluster import kinds
from ferrata.cluster.cache import Cache
from ferrata.errors import SpecRejected
from ferrata.execute.manifests import replica_set
from ferrata.model.analysis import RunState
from ferrata.observe.analysis import argument_values, read_run, secret_references
from ferrata.observe.rollout import observe, trim_replica_set
from ferrata.plan.analysis.assess import assess
from ferrata.plan.analysis.tasks import due, wake_up
from ferrata.plan.analysis.validate import fault
from ferrata.plan.rollout.decide import decide
from ferrata.plan.rollout.invariant import broken_by
from ferrata.reconcile.checks import check
from ferrata.reconcile.references import names_of

Json = dict[str, Any]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATIENT = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def named(kind: str, name: str, **parts: Any) -> Json:
    metadata = {"name": name, "namespace": "shop", "uid": f"uid-{name}", "resourceVersion": "1", "generation": 2}
    return {"apiVersion": "x/v1", "kind": kind, "metadata": metadata, **parts}


def rollout(**canary: Any) -> Json:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "web:v1"}]}}
    analysis = {
        "templates": [{"templateName": "rate"}, {"templateName": "all", "clusterScope": True}],
        "args": [
            {"name": "hash", "valueFrom": {"podTemplateHashValue": "Latest"}},
            {"name": "env", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['env']"}}},
        ],
        "dryRun": [{"metricName": "r.*"}],
        "measurementRetention": [{"metricName": "rate", "limit": 3}],
    }
    steps = [
        {"setWeight": 10},
        {"pause": {"duration": "1m"}},
        {"setCanaryScale": {"replicas": 2}},
        {"analysis": analysis},
        {"pause": {}},
    ]
    strategy = {
        "stableService": "stable",
        "canaryService": "canary",
        "maxSurge": "20%",
        "maxUnavailable": 1,
        "scaleDownDelaySeconds": 5,
        "analysis": {**analysis, "startingStep": 1},
        "trafficRouting": {"nginx": {"stableIngress": "web"}, "maxTrafficWeight": 100},
        "steps": steps,
        **canary,
    }
    spec = {
        "replicas": 4,
        "selector": {"matchLabels": labels, "matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]},
        "template": template,
        "strategy": {"canary": strategy},
        "minReadySeconds": 1,
        "progressDeadlineSeconds": 60,
        "revisionHistoryLimit": 3,
        "paused": False,
    }
    status = {
        "observedGeneration": "1",
        "currentPodHash": "aaa",
        "stableRS": "bbb",
        "currentStepIndex": 2,
        "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-01-01T00:00:00Z"}],
        "conditions": [{"type": "Progressing", "status": "True", "reason": "x", "message": "y"}],
        "canary": {"weights": {"canary": {"weight": 10}}, "currentStepAnalysisRunStatus": {"name": "r"}},
    }
    return named("Rollout", "web", spec=spec, status=status)


GATEWAY = {"plugins": {"argoproj-labs/gatewayAPI": {"httpRoute": "web", "namespace": "shop"}}}
OWN_GATEWAY = {"gatewayAPI": {"httpRoutes": [{"name": "web"}]}}
UNROUTED = {"trafficRouting": None, "scaleDownDelaySeconds": None, "steps": [{"setWeight": 20}, {"pause": {}}]}
ROLLOUTS = [rollout(), rollout(trafficRouting=GATEWAY), rollout(trafficRouting=OWN_GATEWAY), rollout(**UNROUTED)]
METRIC = {
    "name": "rate",
    "interval": "10s",
    "initialDelay": "1s",
    "count": "3",
    "failureLimit": 1,
    "inconclusiveLimit": 1,
    "consecutiveErrorLimit": 4,
    "consecutiveSuccessLimit": 0,
    "successCondition": "result[0] > 0.95 && '{{args.hash}}' != 'x'",
    "failureCondition": "isNaN(result)",
    "provider": {"prometheus": {"address": "http://prometheus", "query": "up{hash='{{args.hash}}'}"}},
}
ARGUMENTS = [
    {"name": "hash"},
    {"name": "env", "value": "live"},
    {"name": "token", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
]
TEMPLATES = [
    named(
        "AnalysisTemplate", "rate", spec={"metrics": [METRIC], "args": ARGUMENTS, "dryRun": [{"metricName": "rate"}]}
    ),
    named("AnalysisTemplate", "rate", spec={"templates": [{"templateName": "rate"}], "metrics": [METRIC]}),
]
CLUSTER_TEMPLATES = [named("ClusterAnalysisTemplate", "all", spec={"metrics": [{**METRIC, "name": "all"}]})]
SERVICES = [named("Service", name, spec={"selector": {"app": "web"}}) for name in ("stable", "canary")]
BACKEND = {"backend": {"service": {"name": "stable", "port": {"number": 80}}}}
INGRESS = named("Ingress", "web", spec={"rules": [{"http": {"paths": [BACKEND]}}]})
REFS = [{"name": "stable", "weight": 100}, {"name": "canary", "weight": 0}]
PARENT = {"conditions": [{"type": "Accepted", "status": "True", "observedGeneration": 2}]}
ROUTE = named("HTTPRoute", "web", spec={"rules": [{"backendRefs": REFS}]}, status={"parents": [PARENT]})
RESULT = {"name": "rate", "phase": "Running", "count": 1, "measurements": [{"phase": "Error", "finishedAt": "x"}]}
RUN_STATUS = {"phase": "Running", "metricResults": [RESULT], "startedAt": "2026-01-01T00:00:00Z"}
RUNS = [
    named("AnalysisRun", "r", spec={"metrics": [METRIC], "args": [{"name": "hash", "value": "a"}, *ARGUMENTS[1:]]}),
    named("AnalysisRun", "r", spec={"metrics": [METRIC], "args": [ARGUMENTS[1]], "dryRun": []}, status=RUN_STATUS),
]


def cached(obj: Json, template: Json, cluster_template: Json, route: Json = ROUTE) -> Cache:
    cache = Cache()
    cache.set_trim(kinds.REPLICA_SETS, trim_replica_set)
    for service in SERVICES:
        cache.store(kinds.SERVICES).apply(None, service)
    cache.store(kinds.INGRESSES).apply(None, INGRESS)
    cache.store(kinds.HTTP_ROUTES).apply(None, route)
    cache.store(kinds.ANALYSIS_TEMPLATES).apply(None, template)
    alone = cluster_template | {"metadata": {**cluster_template["metadata"], "namespace": ""}}
    cache.store(kinds.CLUSTER_ANALYSIS_TEMPLATES).apply(None, alone)
    cache.store(kinds.ROLLOUTS).apply(None, obj)
    return cache


def whole_pass(cache: Cache, obj: Json) -> None:
    """All that one reconciliation computes before its first write."""
    names_of(obj)
    check(cache, obj)
    observed = observe(cache, obj, NOW)
    plan = decide(observed.snapshot)
    assert broken_by(observed.snapshot, plan) is None
    replica_set(obj, observed.snapshot.template_hash, 1, 1)
    plan.status.to_json()


@PATIENT
@given(obj=mutated(ROLLOUTS, "spec", "status"))
def test_a_malformed_rollout_is_rejected_or_carried_out(obj: Json) -> None:
    with suppress(SpecRejected):
        whole_pass(cached(obj, TEMPLATES[0], CLUSTER_TEMPLATES[0]), obj)


@PATIENT
@given(
    template=mutated(TEMPLATES, "spec"),
    cluster_template=mutated(CLUSTER_TEMPLATES, "spec"),
    obj=st.sampled_from(ROLLOUTS),
)
def test_a_malformed_template_is_rejected_on_the_rollout_that_uses_it(
    template: Json, cluster_template: Json, obj: Json
) -> None:
    with suppress(SpecRejected):
        whole_pass(cached(obj, template, cluster_template), obj)


@PATIENT
@given(run=mutated(RUNS, "spec"))
def test_a_malformed_run_is_rejected_or_measured(run: Json) -> None:
    with suppress(SpecRejected):
        require_types(AnalysisRun, run)
        state = RunState.from_json(run.get("status") or {})
        spec = read_run(run, argument_values(run))
        secret_references(run)
        if not fault(spec.metrics):
            due(spec, state, NOW)
            wake_up(spec, assess(spec, state, NOW).state, NOW)


def test_the_valid_ones_are_valid() -> None:
    """Otherwise the properties above would hold for the wrong reason."""
    for obj in ROLLOUTS:
        whole_pass(cached(obj, TEMPLATES[0], CLUSTER_TEMPLATES[0]), obj)
