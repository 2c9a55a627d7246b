"""From templates and arguments to the spec of an AnalysisRun."""

from __future__ import annotations

from typing import Any

import pytest

from ferrata.api.templates import field_value, flatten, merge_args, resolve_args, resolve_templates
from ferrata.errors import SpecRejected

Json = dict[str, Any]


def template(name: str, *nested: Json, **spec: Any) -> Json:
    return {"metadata": {"name": name}, "spec": {"templates": list(nested), **spec}}


def names_of(refs: list[Json], *known: Json, cluster: tuple[Json, ...] = ()) -> list[str]:
    def look_up(name: str, *, cluster: bool) -> Json | None:
        return next((t for t in (wide if cluster else known) if t["metadata"]["name"] == name), None)

    wide = cluster
    return [t["metadata"]["name"] for t in resolve_templates(refs, look_up)]


def ref(name: str, *, cluster: bool = False) -> Json:
    return {"templateName": name, "clusterScope": cluster}


def test_nested_templates_follow_theirs_once_each_and_the_clusters_come_last() -> None:
    a, b, c = template("a", ref("b"), ref("w", cluster=True)), template("b"), template("c", ref("b"))
    assert names_of([ref("w", cluster=True), ref("a"), ref("c")], a, b, c, cluster=(template("w"),)) == list("abcw")


def test_a_cycle_is_followed_once_around() -> None:
    assert names_of([ref("a")], template("a", ref("b")), template("b", ref("a"))) == ["a", "b"]


def test_a_template_that_is_not_there_is_named() -> None:
    with pytest.raises(SpecRejected, match=r"^AnalysisTemplate 'x' not found$"):
        names_of([ref("x")])
    with pytest.raises(SpecRejected, match=r"^ClusterAnalysisTemplate 'x' not found$"):
        names_of([ref("a")], template("a", ref("x", cluster=True)))


def test_several_templates_become_one_spec_with_the_rollouts_rules_first() -> None:
    one = template("a", metrics=[{"name": "m"}], args=[{"name": "x"}], dryRun=[{"metricName": "m"}])
    two = template("b", metrics=[{"name": "n"}], args=[{"name": "x", "value": "1"}, {"name": "y", "value": ""}])
    assert flatten([one, two], [{"metricName": "n"}], [{"metricName": "n", "limit": 3}]) == {
        "metrics": [{"name": "m"}, {"name": "n"}],
        "args": [{"name": "x", "value": "1"}, {"name": "y", "value": ""}],
        "dryRun": [{"metricName": "n"}, {"metricName": "m"}],
        "measurementRetention": [{"metricName": "n", "limit": 3}],
    }


@pytest.mark.parametrize(
    ("specs", "text"),
    [
        (({"metrics": [{"name": "m"}]}, {"metrics": [{"name": "m"}]}), "two metrics have the same name 'm'"),
        (({"metrics": [{"name": "m"}, {"name": "m"}]},), "two metrics have the same name 'm'"),
        (({"dryRun": [{"metricName": "m"}] * 2},), "two Dry-Run metric rules have the same name 'm'"),
        (
            ({"measurementRetention": [{"metricName": "m"}] * 2},),
            "two Measurement Retention metric rules have the same name 'm'",
        ),
        (
            ({"args": [{"name": "x", "value": "a"}]}, {"args": [{"name": "x", "value": "b"}]}),
            "Argument `x` specified multiple times with different values: 'a', 'b'",
        ),
    ],
)
def test_what_occurs_twice_is_refused(specs: tuple[Json, ...], text: str) -> None:
    with pytest.raises(SpecRejected) as refused:
        flatten([{"spec": spec} for spec in specs])
    assert str(refused.value) == text


ROLLOUT: Json = {
    "metadata": {"name": "web", "namespace": "shop", "uid": "u", "labels": {"app": "w"}},
    "spec": {"paused": False, "items": [{"name": "first"}]},
}


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ({"value": "v"}, "v"),
        ({}, ""),
        ({"valueFrom": {"podTemplateHashValue": "Latest"}}, "new"),
        ({"valueFrom": {"podTemplateHashValue": "Stable"}}, "old"),
        ({"valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}, "web"),
        ({"valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}}, "w"),
        ({"valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['none']"}}}, ""),
        ({"valueFrom": {"fieldRef": {"fieldPath": "spec.items[0].name"}}}, "first"),
        ({"valueFrom": {"fieldRef": {"fieldPath": "spec.paused"}}}, "false"),
    ],
)
def test_a_rollout_supplies_values(argument: Json, value: str) -> None:
    assert resolve_args([{"name": "x"} | argument], ROLLOUT, "old", "new") == [{"name": "x", "value": value}]


@pytest.mark.parametrize("path", ["metadata.other", "spec.none", "spec.items[4].name", "spec.items[x]", "spec.items"])
def test_a_path_that_leads_to_no_plain_value_is_refused(path: str) -> None:
    with pytest.raises(SpecRejected):
        field_value(ROLLOUT, path)


SECRET = {"secretKeyRef": {"name": "s", "key": "k"}}


@pytest.mark.parametrize(
    ("supplied", "declared", "merged"),
    [
        ([{"name": "x", "value": "1"}], {"name": "x"}, {"name": "x", "value": "1"}),
        ([{"name": "x", "value": "1"}], {"name": "x", "value": "0"}, {"name": "x", "value": "1"}),
        ([{"name": "x", "value": ""}], {"name": "x", "value": "0"}, {"name": "x", "value": ""}),
        ([{"name": "other", "value": "1"}], {"name": "x", "value": "0"}, {"name": "x", "value": "0"}),
        ([{"name": "x", "valueFrom": SECRET}], {"name": "x"}, {"name": "x", "valueFrom": SECRET}),
        (
            [{"name": "x", "value": "1"}],
            {"name": "x", "valueFrom": SECRET},
            {"name": "x", "value": "1", "valueFrom": SECRET},
        ),
    ],
)
def test_supplied_arguments_fill_in_declared_ones(supplied: list[Json], declared: Json, merged: Json) -> None:
    assert merge_args(supplied, [declared]) == [merged]


def test_a_declared_argument_without_a_value_is_refused() -> None:
    with pytest.raises(SpecRejected, match=r"^args\.x was not resolved$"):
        merge_args([{"name": "y", "value": "1"}], [{"name": "x"}])
