"""What is malformed is named, by the API server or by a condition and an event, and disturbs nobody."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from tests.cluster import Api, ApiError, Plane, wait_for
from tests.plane.operator import Namespace, Operator

pytestmark = pytest.mark.plane
Json = dict[str, Any]
V1, V2 = "example.test/app:v1", "example.test/app:v2"
CLIMB = [{"setWeight": 25}, {"pause": {}}]
ROUTED = {"canaryService": "canary", "stableService": "stable", "trafficRouting": {"nginx": {"stableIngress": "web"}}}
HUGE = "x" * 900_000
CANARY = "spec.strategy.canary"


@pytest.fixture
def ns(plane: Plane, operator: Operator, namespace: Callable[[Api], str]) -> Namespace:
    return Namespace(plane.api, namespace(plane.api))


def written(name: str, canary: Json | None = None, **spec: Any) -> Json:
    """A valid Rollout with changes."""
    labels = {"app": name}
    pods = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": V1}]}}
    strategy = {"canary": {"steps": CLIMB} if canary is None else canary}
    body = {"replicas": 2, "selector": {"matchLabels": labels}, "strategy": strategy, "template": pods, **spec}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": name}, "spec": body}


def steps(*items: Any) -> Json:
    return written("bad", {"steps": list(items)})


def deep(levels: int) -> Json:
    return {"deeper": deep(levels - 1)} if levels else {}


def told(ns: Namespace, kind: str, name: str) -> list[tuple[str, str]]:
    """Reason and message of the events on an object of any kind; those on cluster-wide ones are in `default`."""
    namespace = "default" if kind.startswith("Cluster") else ns.name
    events = ns.api.items(f"/api/v1/namespaces/{namespace}/events")
    mine = [e for e in events if (e["involvedObject"]["kind"], e["involvedObject"]["name"]) == (kind, name)]
    return [(event["reason"], event["message"]) for event in mine]


def condition(status: Json, type_: str) -> Json:
    return next((c for c in status.get("conditions") or [] if c["type"] == type_), {})


def name_of(value: object) -> str:
    """What a case is called: by the text that is expected."""
    return value[:60].encode("ascii", "replace").decode() if isinstance(value, str) else ""


REFUSED_BY_THE_API_SERVER = [
    (written("bad", replicas="four"), "spec.replicas"),
    (written("bad", replicas=1.5), "spec.replicas"),
    (written("bad", replicas=-1), "spec.replicas"),
    (written("bad", replicas=2**40), "spec.replicas"),
    (written("bad", selector=[]), "spec.selector"),
    (written("bad", strategy="canary"), "spec.strategy"),
    (written("bad", paused="yes"), "spec.paused"),
    (written("bad", template={"spec": {"containers": "app"}}), "spec.template.spec.containers"),
    (steps("setWeight"), f"{CANARY}.steps[0]"),
    (steps(None), f"{CANARY}.steps[0]"),
    (steps({"setWeight": "ten"}), f"{CANARY}.steps[0].setWeight"),
    (steps({"pause": []}), f"{CANARY}.steps[0].pause"),
    (written("bad", {"steps": {"setWeight": 5}}), f"{CANARY}.steps"),
    (written("bad", {"trafficRouting": {"nginx": "web"}}), f"{CANARY}.trafficRouting.nginx"),
    (
        written("bad", {"analysis": {"templates": [{"templateName": 5}]}}),
        f"{CANARY}.analysis.templates[0].templateName",
    ),
]

REPORTED_BY_US = [
    (written("bad", minReadySeconds=-1), "spec.minReadySeconds: Invalid value: -1"),
    (written("bad", progressDeadlineSeconds=0), "spec.progressDeadlineSeconds: Invalid value: 0"),
    (written("bad", selector={}), "spec.selector"),
    (written("bad", selector=None), "spec.selector: Required value"),
    (written("bad", strategy={}), "spec.strategy.strategy: Required value"),
    (written("bad", strategy=None), "spec.strategy.strategy: Required value"),
    (
        written("bad", strategy={"canary": {}, "blueGreen": {"activeService": "a"}}),
        "spec.strategy.strategy: Invalid value",
    ),
    (written("bad", strategy={"cannary": {}}), 'spec.strategy.cannary (did you mean "canary"?)'),
    (written("bad", {"stableService": "s", "canaryService": "s"}), "spec.strategy.stableService: Invalid value"),
    (written("bad", {"stableService": "gone"}), f'{CANARY}.stableService: Invalid value: "gone"'),
    (written("bad", {"maxSurge": "0%", "maxUnavailable": 0}), "spec.strategy.maxSurge: Invalid value"),
    (steps({"setWeight": -5}), "spec.strategy.steps[0].setWeight: Invalid value: -5"),
    (steps({"setWeight": 2_000_000_000}), "spec.strategy.steps[0].setWeight: Invalid value: 2000000000"),
    (steps({"setWeight": 5}, {"pause": {"duration": "soon"}}), "spec.strategy.steps[1].pause.duration"),
    (steps({"setWeight": 5}, {}), "spec.strategy.steps[1]: Invalid value"),
    (steps({"setWieght": 5}), f'{CANARY}.steps[0].setWieght: Forbidden: unknown field (did you mean "setWeight"?)'),
    (steps({"setWeight": 5, "шаг\U0001f6b6": {}}), f"{CANARY}.steps[0][шаг\U0001f6b6]: Forbidden"),
    (steps({"setWeight": 5, "later": HUGE}), f"{CANARY}.steps[0].later: Forbidden: unknown field"),
    (steps({"setWeight": 5, HUGE[:9_000]: 1}), f"{CANARY}.steps[0].xxx"),
    (
        written("bad", {**ROUTED, "trafficRouting": {"gatewayApi": {"httpRoute": "web"}}}),
        f'{CANARY}.trafficRouting.gatewayApi: Forbidden: unknown field (did you mean "gatewayAPI"?)',
    ),
    (
        written("bad", {**ROUTED, "trafficRouting": {"nginx": {"stableIngress": "web", "annotationPrefx": "a"}}}),
        f"{CANARY}.trafficRouting.nginx.annotationPrefx: Forbidden: unknown field",
    ),
    (written("bad", {"trafficRouting": {"nginx": {"stableIngress": "web"}}}), "spec.strategy.stableService"),
    (written("bad", {"analysis": {"templates": [{"templateName": "gone"}]}}), "AnalysisTemplate 'gone' not found"),
    (written("bad", {"analysis": {"templates": [{}]}}), f"{CANARY}.analysis.templates[0].templateName"),
]


@pytest.mark.parametrize(("body", "field"), REFUSED_BY_THE_API_SERVER, ids=name_of)
def test_a_wrong_type_is_refused_by_the_api_server_which_names_the_field(ns: Namespace, body: Json, field: str) -> None:
    with pytest.raises(ApiError) as refusal:
        ns.create(body)
    assert refusal.value.status in {400, 422}
    assert field in str(refusal.value)


@pytest.mark.parametrize(("body", "text"), REPORTED_BY_US, ids=name_of)
def test_what_the_schema_allows_is_reported_by_condition_and_event(ns: Namespace, body: Json, text: str) -> None:
    ns.create(body)
    status = ns.until("bad", lambda s: bool(condition(s, "InvalidSpec")), "reported")
    assert text in condition(status, "InvalidSpec")["message"]
    assert (status["phase"], text in status["message"], len(status["message"]) < 6_000) == ("Degraded", True, True)
    ns.until_told("bad", "InvalidSpec")
    assert any(text[:200] in message for reason, message in ns.told("bad") if reason == "InvalidSpec")
    assert ns.replica_sets() == {}


def test_neighbours_go_on_undisturbed(ns: Namespace) -> None:
    for name in ("canary", "stable"):
        ns.service(name, "good")
    ns.ingress("web", "stable")
    ns.rollout("good", V1, {"steps": CLIMB, **ROUTED})
    ns.until_phase("good", "Healthy")
    for place, (body, _) in enumerate(REPORTED_BY_US):
        ns.create(copy.deepcopy(body) | {"metadata": {"name": f"bad-{place}"}})
    ns.release("good", V2)
    ns.until_phase("good", "Paused", "CanaryPauseStep")
    assert ns.weight("good-web-canary") == "25"
    ns.patch_status("good", {"pauseConditions": None})
    ns.until_phase("good", "Healthy")
    for place in range(len(REPORTED_BY_US)):
        ns.until_phase(f"bad-{place}", "Degraded")


@pytest.mark.parametrize(
    "change",
    [
        {"minReadySeconds": -1},
        {"strategy": {"canary": {"steps": [{"setWeight": 101}]}}},
        {"strategy": {"canary": {"trafficRouting": {"nginx": None, "nginks": {"stableIngress": "web"}}}}},
        {"strategy": {"canary": {"stableService": "gone"}}},
        {"strategy": {"canary": None}},
    ],
)
def test_traffic_stays_while_the_spec_makes_no_sense_and_goes_on_afterwards(ns: Namespace, change: Json) -> None:
    for name in ("canary", "stable"):
        ns.service(name, "good")
    ns.ingress("web", "stable")
    canary = {"steps": CLIMB, **ROUTED}
    ns.rollout("good", V1, canary)
    ns.until_phase("good", "Healthy")
    ns.release("good", V2)
    ns.until_phase("good", "Paused", "CanaryPauseStep")

    def served() -> tuple[object, ...]:
        return ns.weight("good-web-canary"), ns.selects("stable"), ns.selects("canary"), ns.replica_sets()

    before = served()
    ns.patch("good", {"spec": change})
    ns.until_phase("good", "Degraded")
    assert served() == before
    healed = {"strategy": {"canary": canary | {"trafficRouting": {**ROUTED["trafficRouting"], "nginks": None}}}}
    ns.patch("good", {"spec": {"minReadySeconds": 0} | healed})
    status = ns.until_phase("good", "Paused", "CanaryPauseStep")
    assert served() == before
    assert not condition(status, "InvalidSpec")


def test_unknown_fields_are_told_once_and_the_release_goes_on(ns: Namespace) -> None:
    body = written("good", {"steps": CLIMB, "stepz": [], "analysis": {"startingStepp": 1}}, replica=3, odd=deep(40))
    ns.create(body)
    status = ns.until_phase("good", "Healthy")
    text = condition(status, "UnknownFields")["message"]
    for field in (
        'spec.replica (did you mean "replicas"?)',
        "spec.odd",
        f'{CANARY}.stepz (did you mean "steps"?)',
        f'{CANARY}.analysis.startingStepp (did you mean "startingStep"?)',
    ):
        assert field in text
    ns.release("good", V2)
    ns.until_phase("good", "Paused", "CanaryPauseStep")
    ns.until_told("good", "RolloutPaused")
    assert [message for reason, message in ns.told("good") if reason == "UnknownFields"] == [text]
    gone = {"replica": None, "odd": None, "strategy": {"canary": {"stepz": None, "analysis": None}}}
    ns.patch("good", {"spec": gone})
    ns.until("good", lambda s: not condition(s, "UnknownFields"), "without unknown fields")


# ---- analysis
ADDRESS = "http://127.0.0.1:9"
METRIC: Json = {
    "name": "m",
    "interval": "1s",
    "count": 2,
    "provider": {"prometheus": {"address": ADDRESS, "query": "up"}},
}


def metric(**changes: Any) -> Json:
    return {**METRIC, **changes}


def query(text: str) -> Json:
    return metric(provider={"prometheus": {"address": ADDRESS, "query": text}})


MALFORMED_METRICS = [
    (metric(successCondition="result >"), "metrics[0].successCondition"),
    (metric(failureCondition="reslt > 5"), "metrics[0].failureCondition"),
    (
        metric(succesCondition="result > 5"),
        'spec.metrics[0].succesCondition: Forbidden: unknown field (did you mean "successCondition"?)',
    ),
    (metric(interval="5"), "metrics[0]: invalid interval string"),
    (metric(initialDelay="1d"), "metrics[0]: invalid startDelay string"),
    (metric(failureLimit=-2), "metrics[0]: failureLimit must be >= 0"),
    (metric(inconclusiveLimit=-1), "metrics[0]: inconclusiveLimit must be >= 0"),
    (metric(failureLimit=3), "metrics[0]: count (2) must be >="),
    (metric(provider={}), "metrics[0]: no provider specified"),
    (metric(count=0), "metric m which runs indefinitely. Invalid value for count: 0"),
    (metric(successCondition="result > {{args.limit}}"), "failed to resolve {{args.limit}}"),
    (
        query("sum(up"),
        'metrics[0].provider.prometheus.query: Invalid value: "sum(up": "(" at character 4 is never closed',
    ),
    (query(""), "metrics[0].provider.prometheus.query"),
    (metric(provider={"prometheus": {"address": "nowhere", "query": "up"}}), "metrics[0].provider.prometheus"),
]


def template(ns: Namespace, *metrics: Json, **spec: Any) -> None:
    body = {"metrics": list(metrics), **spec}
    kind = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate"}
    ns.create({**kind, "metadata": {"name": "judge"}, "spec": body})


ANALYSED = {"steps": [{"setWeight": 50}, {"analysis": {"templates": [{"templateName": "judge"}]}}]}


@pytest.mark.parametrize(("bad", "text"), MALFORMED_METRICS, ids=name_of)
def test_a_malformed_template_is_reported_before_a_release_depends_on_it(ns: Namespace, bad: Json, text: str) -> None:
    template(ns, bad)
    ns.create(written("bad", ANALYSED))
    status = ns.until("bad", lambda s: bool(condition(s, "InvalidSpec")), "reported")
    assert "spec.strategy.canary.steps[1].analysis.templates: Invalid value" in status["message"]
    assert text in status["message"]
    ns.until_told("bad", "InvalidSpec")
    assert ns.replica_sets() == {}


def test_a_template_with_an_argument_that_nobody_gives_is_reported(ns: Namespace) -> None:
    template(ns, metric(), args=[{"name": "limit"}])
    ns.create(written("bad", ANALYSED))
    assert "args.limit was not resolved" in ns.until_phase("bad", "Degraded")["message"]


def test_an_aborted_rollout_finds_its_way_back_past_a_malformed_template(ns: Namespace) -> None:
    template(ns, metric())
    ns.create(written("good", {"steps": [{"setWeight": 50}, {"pause": {}}, *ANALYSED["steps"]]}))
    ns.until_phase("good", "Healthy")
    ns.release("good", V2)
    ns.until_phase("good", "Paused", "CanaryPauseStep")
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{ns.name}/analysistemplates/judge"
    ns.api.patch(path, {"spec": {"metrics": [metric(successCondition="result >")]}})
    ns.patch("good", {"metadata": {"annotations": {"touched": "yes"}}})
    ns.until("good", lambda s: bool(condition(s, "InvalidSpec")), "reported")
    ns.patch_status("good", {"abort": True})
    ns.until("good", lambda s: s.get("message", "").startswith("RolloutAborted"), "aborted")
    wait_for(lambda: sorted(ns.replica_sets().values()) == [0, 2], "the stable revision to be whole again")


def test_templates_say_themselves_what_is_wrong(ns: Namespace) -> None:
    template(ns, metric(successCondition="result >", colour="blue"), metrix=[])
    wait_for(lambda: len(told(ns, "AnalysisTemplate", "judge")) == 2, "two events on the template")
    events = dict(told(ns, "AnalysisTemplate", "judge"))
    assert "spec.metrics[0].successCondition" in events["InvalidSpec"]
    assert "spec.metrics[0].colour" in events["UnknownFields"]
    assert 'spec.metrix (did you mean "metrics"?)' in events["UnknownFields"]


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"metrics": []}, "Analysis spec invalid: no metrics specified"),
        ({"metrics": [metric(interval="5")]}, "Analysis spec invalid: metrics[0]: invalid interval string"),
        ({"metrics": [metric()], "args": [{"name": "x"}]}, 'Unable to resolve metric arguments: argument "x"'),
        ({"metrics": [metric(), metric()]}, "Analysis spec invalid: metrics[1]: duplicate name 'm'"),
        ({"metrics": [metric()], "dryRun": [{"metricName": "("}]}, "Analysis spec invalid: dryRun[0]"),
    ],
)
def test_a_malformed_run_ends_in_an_error_that_names_the_field(ns: Namespace, spec: Json, text: str) -> None:
    kind = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun"}
    ns.create({**kind, "metadata": {"name": "run"}, "spec": {**spec, "odd": 1}})
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{ns.name}/analysisruns/run"
    wait_for(lambda: (ns.api.get(path).get("status") or {}).get("phase") == "Error", "the run to end")
    assert text in ns.api.get(path)["status"]["message"]
    wait_for(lambda: len(told(ns, "AnalysisRun", "run")) == 3, "three events on the run")
    events = dict(told(ns, "AnalysisRun", "run"))
    assert text in events["InvalidSpec"]
    assert "spec.odd" in events["UnknownFields"]
    assert events["AnalysisRunError"] == "Analysis Completed. Result: Error"
