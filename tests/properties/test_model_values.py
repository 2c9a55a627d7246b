"""What holds for every duration, quantity and pod template, not only for those that somebody thought of."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferrata.model.durations import format_go_duration, parse_go_duration
from ferrata.model.hashing import pod_template_hash
from ferrata.model.pod_template import canonical, equal, go_json, with_defaults
from ferrata.model.quantities import parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
AMOUNT = st.builds(
    lambda number, suffix: f"{number}{suffix}",
    st.decimals(0, 10**6, places=2) | st.integers(0, 10**9),
    st.sampled_from(["", "m", "u", "k", "M", "G", "Ki", "Mi", "Gi", "e3"]),
)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={name: strategy | JSON for name, strategy in fields.items()})


RESOURCES = some(limits=st.dictionaries(st.sampled_from(["cpu", "memory"]), AMOUNT))
PROBE = some(httpGet=some(port=st.integers(1, 9) | st.just("http")), timeoutSeconds=st.integers(0, 3))
CONTAINER = some(
    name=st.text(max_size=4),
    image=st.sampled_from(["web", "web:1", "r:5000/w"]),
    ports=st.lists(some(containerPort=st.integers(1, 99)), max_size=2),
    env=st.lists(some(name=st.text(max_size=3), value=st.text(max_size=3)), max_size=2),
    resources=RESOURCES,
    readinessProbe=PROBE,
    securityContext=some(runAsUser=st.integers(0, 9)),
)
VOLUME = some(name=st.text(max_size=3), secret=some(secretName=st.text(max_size=3)), emptyDir=some(sizeLimit=AMOUNT))
TEMPLATE = some(
    metadata=some(labels=st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3)),
    spec=some(
        containers=st.lists(CONTAINER, max_size=2),
        initContainers=st.lists(CONTAINER, max_size=1),
        volumes=st.lists(VOLUME, max_size=2),
        overhead=st.dictionaries(st.sampled_from(["cpu"]), AMOUNT),
        unknown=JSON,
    ),
)

# Templates are large and machines may be busy: time says nothing about these properties.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(st.integers(-(10**15), 10**15))
def test_a_printed_duration_reads_back_as_itself(nanoseconds: int) -> None:
    seconds = nanoseconds / 1_000_000_000
    assert parse_go_duration(format_go_duration(seconds)) == seconds


@given(AMOUNT)
def test_a_printed_quantity_is_worth_the_same_and_prints_the_same(written: str) -> None:
    printed = parse(written)
    assert parse(printed.text) == printed


@patient
@given(TEMPLATE)
def test_a_canonical_template_is_canonical_already(template: Any) -> None:
    once = canonical(template)
    assert canonical(once) == once
    assert pod_template_hash(once) == pod_template_hash(template)


@patient
@given(TEMPLATE)
def test_printed_templates_parse_back_to_what_they_are(template: Any) -> None:
    assert json.loads(go_json(template)) == canonical(template)


@patient
@given(TEMPLATE)
def test_defaults_are_complete_at_once_and_change_no_meaning(template: Any) -> None:
    full = with_defaults(template)
    assert with_defaults(full) == full
    assert equal(full, template)
