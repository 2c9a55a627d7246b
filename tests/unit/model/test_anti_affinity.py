"""The rule against the stable revision's nodes: added to what the author wrote, found again, taken out again."""

from __future__ import annotations

from typing import Any

import pytest

from ferrata.model import pod_template
from ferrata.model.anti_affinity import AntiAffinity, affinity_away_from, avoided_by, without_rule
from ferrata.observe.rollout import AVOIDS, DIGEST, trim_replica_set

REQUIRED, PREFERRED = (f"{word}DuringSchedulingIgnoredDuringExecution" for word in ("required", "preferred"))
OWN = {"labelSelector": {"matchLabels": {"app": "other"}}, "topologyKey": "kubernetes.io/hostname"}
TERM = {
    "labelSelector": {"matchExpressions": [{"key": "rollouts-pod-template-hash", "operator": "In", "values": ["abc"]}]},
    "namespaces": ["shop"],
    "topologyKey": "kubernetes.io/hostname",
}
NODES: dict[str, Any] = {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": []}}}
AFFINITIES: list[dict[str, Any] | None] = [
    None,
    NODES,
    {"podAntiAffinity": {REQUIRED: [OWN]}},
    NODES | {"podAntiAffinity": {PREFERRED: [{"weight": 5, "podAffinityTerm": OWN}]}},
]


def template(affinity: dict[str, Any] | None) -> dict[str, Any]:
    spec: dict[str, Any] = {"containers": [{"name": "app", "image": "app:v1"}]}
    return {"metadata": {}, "spec": spec | ({"affinity": affinity} if affinity else {})}


def placed(affinity: dict[str, Any] | None, rule: AntiAffinity) -> dict[str, Any]:
    """The template of the ReplicaSet; what is None goes when the API server takes it in."""
    written = affinity_away_from(template(affinity), rule, "abc", "shop")
    anti = {key: value for key, value in written["podAntiAffinity"].items() if value is not None}
    return template(written | {"podAntiAffinity": anti})


def test_a_required_rule_is_one_more_term() -> None:
    anti = placed({"podAntiAffinity": {REQUIRED: [OWN]}}, AntiAffinity())["spec"]["affinity"]["podAntiAffinity"]
    assert anti == {REQUIRED: [OWN, TERM]}


def test_a_preferred_rule_has_its_weight() -> None:
    anti = placed(None, AntiAffinity(20))["spec"]["affinity"]["podAntiAffinity"]
    assert anti == {PREFERRED: [{"weight": 20, "podAffinityTerm": TERM}]}


def test_a_rule_that_changed_its_kind_leaves_nothing_behind() -> None:
    written = affinity_away_from(template(None), AntiAffinity(), "abc", "shop")
    assert written["podAntiAffinity"][PREFERRED] is None


@pytest.mark.parametrize("rule", [AntiAffinity(), AntiAffinity(1)])
@pytest.mark.parametrize("affinity", AFFINITIES)
def test_the_rule_is_no_part_of_what_a_template_means(affinity: dict[str, Any] | None, rule: AntiAffinity) -> None:
    with_rule, plain = placed(affinity, rule), template(affinity)
    assert (avoided_by(with_rule), avoided_by(plain)) == ("abc", "")
    assert without_rule(with_rule) == plain
    trimmed = trim_replica_set({"metadata": {}, "spec": {"template": with_rule}})
    assert (trimmed[DIGEST], trimmed[AVOIDS]) == (pod_template.digest(plain), "abc")


def test_what_the_strategy_asks_for() -> None:
    assert AntiAffinity.read(None) is None
    assert AntiAffinity.read({REQUIRED: {}}) == AntiAffinity()
    assert AntiAffinity.read({PREFERRED: {"weight": 7}}) == AntiAffinity(7)
