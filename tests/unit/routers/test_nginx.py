"""NGINX: what is rendered reads back as the same split, and what others wrote stays."""

from __future__ import annotations

from typing import Any

import pytest

from ferrata.errors import SpecRejected
from ferrata.routers.base import Owner, Ref, Write
from ferrata.routers.nginx import NginxRouter
from ferrata.snapshot.rollout import Confirmation

OWNER = Owner("shop", "web", "uid-1", "web-canary", "web-stable", 100)
STABLE, CANARY = Ref("Ingress", "shop", "main"), Ref("Ingress", "shop", "web-main-canary")
ROUTER = NginxRouter(OWNER, ("main",))
P = "nginx.ingress.kubernetes.io"


def path(service: str, where: str = "/") -> dict[str, Any]:
    return {"path": where, "pathType": "Prefix", "backend": {"service": {"name": service, "port": {"number": 80}}}}


def stable(*rules: dict[str, Any]) -> dict[str, Any]:
    rules = rules or ({"host": "a.b", "http": {"paths": [path("web-stable"), path("other", "/o")]}},)
    metadata = {"name": "main", "annotations": {"kubernetes.io/ingress.class": "nginx", "x": "y"}}
    return {"metadata": metadata, "spec": {"ingressClassName": "n", "tls": [{"hosts": ["a.b"]}], "rules": list(rules)}}


def merged(old: Any, patch: Any) -> Any:
    """The outcome of a JSON merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def written(objects: dict[Ref, Any], writes: tuple[Write, ...]) -> dict[Ref, Any]:
    return objects | {w.ref: w.body if w.create else merged(objects[w.ref], w.body) for w in writes}


def test_the_first_write_creates_an_ingress_for_the_canary() -> None:
    (write,) = ROUTER.render(20, {STABLE: stable()})
    assert (write.ref, write.create, write.reason) == (CANARY, True, "CreatingCanaryIngress")
    assert write.message == "Creating canary ingress `web-main-canary` with weight `20`"
    expected = {"kubernetes.io/ingress.class": "nginx", f"{P}/canary": "true", f"{P}/canary-weight": "20"}
    assert write.body["metadata"]["annotations"] == expected
    assert write.body["metadata"]["ownerReferences"][0]["uid"] == "uid-1"
    rule = {"host": "a.b", "http": {"paths": [path("web-canary"), path("other", "/o")]}}
    assert write.body["spec"] == {"ingressClassName": "n", "tls": [{"hosts": ["a.b"]}], "rules": [rule]}


@pytest.mark.parametrize("weight", [0, 1, 50, 100])
def test_what_is_rendered_reads_back_and_is_not_written_twice(weight: int) -> None:
    objects: dict[Ref, Any] = {STABLE: stable()}
    for _ in range(2):
        objects = written(objects, ROUTER.render(weight, objects))
    view = ROUTER.observed(objects)
    assert (view.weight, view.confirmation) == (weight, Confirmation.CONFIRMED)
    assert ROUTER.render(weight, objects) == ()


def test_what_the_source_no_longer_has_goes_from_the_canary_too() -> None:
    limited = NginxRouter(OWNER, ("main",), additional=(("limit-rps", "5"),))
    objects = written({STABLE: stable()}, limited.render(20, {STABLE: stable()}))
    del objects[STABLE]["spec"]["tls"]
    del objects[STABLE]["metadata"]["annotations"]["kubernetes.io/ingress.class"]
    objects = written(objects, ROUTER.render(20, objects))
    assert objects[CANARY]["metadata"]["annotations"] == {f"{P}/canary": "true", f"{P}/canary-weight": "20"}
    assert "tls" not in objects[CANARY]["spec"]
    assert ROUTER.render(20, objects) == ()


def test_a_new_weight_is_a_patch_that_leaves_foreign_annotations() -> None:
    objects = written({STABLE: stable()}, ROUTER.render(20, {STABLE: stable()}))
    objects[CANARY]["metadata"]["annotations"]["team"] = "red"
    (write,) = ROUTER.render(40, objects)
    assert (write.create, write.message) == (False, "Updating Ingress `web-main-canary` to desiredWeight '40'")
    annotations = written(objects, (write,))[CANARY]["metadata"]["annotations"]
    assert (annotations["team"], annotations[f"{P}/canary-weight"]) == ("red", "40")


def test_annotations_that_the_rollout_asks_for_come_before_ours() -> None:
    additional = (("canary-by-header", "X"), (f"{P}/affinity", "cookie"), ("canary", "false"))
    router = NginxRouter(OWNER, ("main",), P, additional, (("plain", "1"),), 1000)
    (write,) = router.render(5, {STABLE: stable()})
    annotations = write.body["metadata"]["annotations"]
    assert (annotations[f"{P}/canary-by-header"], annotations[f"{P}/affinity"], annotations["plain"]) == (
        "X",
        "cookie",
        "1",
    )
    assert (annotations[f"{P}/canary"], annotations[f"{P}/canary-weight-total"]) == ("true", "1000")


def test_rules_that_do_not_lead_to_the_stable_service_are_left_out() -> None:
    ingress = stable(
        {"host": "no.http"}, {"http": {"paths": [path("other")]}}, {"http": {"paths": [path("web-stable")]}}
    )
    (write,) = ROUTER.render(5, {STABLE: ingress})
    assert write.body["spec"]["rules"] == [{"http": {"paths": [path("web-canary")]}}]


def test_nothing_written_yet_says_nothing_about_the_split() -> None:
    assert ROUTER.observed({STABLE: stable()}).confirmation is Confirmation.ABSENT
    odd = {CANARY: {"metadata": {"annotations": {f"{P}/canary-weight": "\u00b2"}}}}
    assert ROUTER.observed(odd).weight is None


def test_ingresses_that_disagree_have_no_weight() -> None:
    router = NginxRouter(OWNER, ("main", "edge"))
    objects = {ref: stable() for ref in router.needs() if not ref.name.endswith("-canary")}
    objects = written(objects, router.render(20, objects))
    assert router.observed(objects).weight == 20
    objects |= {Ref("Ingress", "shop", "web-edge-canary"): {"metadata": {"annotations": {f"{P}/canary-weight": "5"}}}}
    assert router.observed(objects).weight is None


def test_a_long_name_gives_way_so_that_the_ending_stays() -> None:
    owner = Owner("shop", "w" * 250, "uid-1", "c", "s", 100)
    _, canary = NginxRouter(owner, ("main",)).needs()
    assert len(canary.name) == 253
    assert canary.name.endswith("w-main-canary")


def test_an_ingress_that_cannot_carry_the_split_is_refused() -> None:
    with pytest.raises(SpecRejected, match="ingress `main` not found"):
        ROUTER.render(5, {})
    with pytest.raises(SpecRejected, match="ingress `main` has no rules using service web-stable backend"):
        ROUTER.render(5, {STABLE: stable({"http": {"paths": [path("other")]}})})
    foreign = {STABLE: stable(), CANARY: {"metadata": {"name": "web-main-canary"}}}
    with pytest.raises(SpecRejected, match="canary ingress `web-main-canary` controlled by different object"):
        ROUTER.render(5, foreign)
