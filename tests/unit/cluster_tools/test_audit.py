"""Counting requests: each once, whatever stages the API server writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cluster import audited_requests


def event(verb: str, stage: str, **target: str) -> dict[str, Any]:
    return {
        "verb": verb,
        "stage": stage,
        "user": {"username": "admin"},
        "userAgent": "test/1",
        "objectRef": target,
        "responseStatus": {"code": 200},
    }


def written(folder: Path, *events: dict[str, Any], tail: str = "") -> Path:
    log = folder / "audit.log"
    log.write_text("".join(json.dumps(one) + "\n" for one in events) + tail)
    return log


def test_a_watch_counts_once_although_it_starts_and_completes(tmp_path: Path) -> None:
    stages = ("ResponseStarted", "ResponseComplete")
    log = written(tmp_path, *(event("watch", stage, resource="pods") for stage in stages))
    assert [one.verb for one in audited_requests(log)] == ["watch"]


def test_a_subresource_is_named_with_its_resource(tmp_path: Path) -> None:
    target = {"resource": "rollouts", "subresource": "status", "namespace": "shop", "name": "web"}
    (seen,) = audited_requests(written(tmp_path, event("patch", "ResponseComplete", **target)))
    assert (seen.resource, seen.namespace, seen.name, seen.user, seen.code) == (
        "rollouts/status",
        "shop",
        "web",
        "admin",
        200,
    )


def test_a_line_that_is_still_being_written_is_left_out(tmp_path: Path) -> None:
    log = written(tmp_path, event("get", "ResponseComplete", resource="pods"), tail='{"verb": "li')
    assert len(list(audited_requests(log))) == 1


def test_a_refusal_by_authorization_is_told_from_one_by_admission(tmp_path: Path) -> None:
    """Both have the code 403; only the first is a right that is missing."""
    denied = event("list", "ResponseComplete", resource="secrets")
    denied |= {"annotations": {"authorization.k8s.io/decision": "forbid"}, "responseStatus": {"code": 403}}
    ending = event("create", "ResponseComplete", resource="replicasets", apiGroup="apps")
    ending |= {"annotations": {"authorization.k8s.io/decision": "allow"}, "responseStatus": {"code": 403}}
    requests = audited_requests(written(tmp_path, denied, ending))
    found = [(request.resource, request.group, request.code, request.granted) for request in requests]
    assert found == [("secrets", "", 403, False), ("replicasets", "apps", 403, True)]
