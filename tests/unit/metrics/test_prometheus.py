"""Prometheus: from a metric's configuration to a request, and from whatever comes back to numbers or a reason."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from ferrata.errors import SpecRejected
from ferrata.metrics.base import Failure, Sample
from ferrata.metrics.prometheus import request, sample

ADDRESS = "http://prometheus:9090"


def answer(kind: str, result: Any, **more: Any) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}, **more}).encode()


def series(*values: str) -> list[dict[str, Any]]:
    return [{"metric": {"pod": str(i)}, "value": [0, value]} for i, value in enumerate(values)]


@pytest.mark.parametrize(
    ("body", "value", "text"),
    [
        (answer("scalar", [0, "0.5"]), 0.5, "0.5"),
        (answer("scalar", [0, "10"]), 10.0, "10"),
        (answer("scalar", [0, "+Inf"]), math.inf, "+Inf"),
        (answer("scalar", [0, "-Inf"]), -math.inf, "-Inf"),
        (answer("vector", series("1", "0.25")), [1.0, 0.25], "[1,0.25]"),
        (answer("vector", []), [], "[]"),
        (answer("matrix", [{"values": [[0, "1"], [1, "2"]]}, {"values": [[0, "3"]]}]), [1.0, 2.0, 3.0], "[1,2,3]"),
    ],
)
def test_a_success_is_a_number_or_a_list_of_numbers(body: bytes, value: object, text: str) -> None:
    assert sample(200, body) == Sample(value, text)


def test_no_number_stays_no_number() -> None:
    found = sample(200, answer("vector", series("NaN")))
    assert isinstance(found, Sample)
    assert found.text == "[NaN]"
    assert isinstance(found.value, list)
    assert math.isnan(found.value[0])


def test_warnings_are_kept_beside_the_value() -> None:
    found = sample(200, answer("scalar", [0, "1"], warnings=["slow", "partial"]))
    assert found == Sample(1.0, "1", {"warnings": '"slow", "partial"'})


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, b"", "no JSON"),
        (200, b"<html>sign in</html>", "no JSON"),
        (200, b"\xff\xfe\x00", "no JSON"),
        (200, b"[" * 200_000, "no JSON"),
        (500, b"oops", "HTTP 500"),
        (429, b'{"error": "too many"}', "HTTP 429: too many"),
        (503, answer("scalar", [0, "1"]), "HTTP 503"),
        (400, b'{"status": "error", "errorType": "bad_data", "error": "parse error"}', "bad_data: parse error"),
        (200, b"null", "HTTP 200"),
        (200, b"[]", "HTTP 200"),
        (200, b'{"status": "success"}', "form"),
        (200, b'{"status": "success", "data": null}', "form"),
        (200, answer("scalar", [0, "one"]), "form"),
        (200, answer("scalar", []), "form"),
        (200, answer("scalar", [0, 10**400]), "form"),
        (200, answer("vector", [{"metric": {}}]), "form"),
        (200, answer("vector", {"a": 1}), "form"),
        (200, answer("vector", series("1"), warnings=5), "form"),
        (200, answer("string", [0, "text"]), "Prometheus metric type not supported"),
        (200, answer("histogram", []), "Prometheus metric type not supported"),
    ],
)
def test_anything_else_is_a_failure_with_its_reason(status: int, body: bytes, reason: str) -> None:
    found = sample(status, body)
    assert isinstance(found, Failure)
    assert reason in found.message


def test_a_request_carries_what_the_metric_says() -> None:
    basic = {"basicAuth": {"username": "u", "password": "p"}}
    found = request(
        {
            "address": ADDRESS + "/",
            "query": "up",
            "timeout": 5,
            "insecure": True,
            "headers": [{"key": "X-Scope-OrgID", "value": "team"}],
            "authentication": basic,
        }
    )
    assert (found.url, found.form, found.timeout, found.verify) == (ADDRESS, (("query", "up"),), 5.0, False)
    assert (found.headers, found.username, found.password) == ((("X-Scope-OrgID", "team"),), "u", "p")


def test_defaults_are_the_operators_address_thirty_seconds_and_verified_tls() -> None:
    found = request({"query": "up"}, ADDRESS)
    assert (found.url, found.timeout, found.verify, found.username) == (ADDRESS, 30.0, True, "")


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({}, "prometheus address is not configured"),
        ({"address": "prometheus:9090"}, "prometheus address is not is url format"),
        ({"address": "file:///etc/passwd"}, "prometheus address is not is url format"),
        ({"address": "http://["}, "prometheus address is not is url format"),
        ({"address": ADDRESS, "timeout": -1}, "prometheus timeout should not be negative"),
        (
            {"address": ADDRESS, "authentication": {"basicAuth": {"password": "p"}}},
            "missing mandatory parameter in metric for basic auth setup: username",
        ),
        (
            {"address": ADDRESS, "authentication": {"basicAuth": {"username": "u"}}},
            "missing mandatory parameter in metric for basic auth setup: password",
        ),
        (
            {"address": ADDRESS, "authentication": {"sigv4": {"region": "x"}}},
            "not yet supported: prometheus authentication sigv4",
        ),
        ({"address": ADDRESS, "rangeQuery": {"step": "1m"}}, "not yet supported: prometheus rangeQuery"),
    ],
)
def test_a_configuration_that_makes_no_request_is_refused(config: dict[str, Any], text: str) -> None:
    with pytest.raises(SpecRejected) as refused:
        request(config)
    assert str(refused.value) == text


def test_a_timeout_beyond_what_sockets_take_is_a_day() -> None:
    assert request({"address": ADDRESS, "timeout": 2**62}).timeout == 86400.0
