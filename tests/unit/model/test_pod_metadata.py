"""Metadata by role as values: what a ReplicaSet carries, and what of it is not the revision's own."""

from __future__ import annotations

from typing import Any

import pytest

from ferrata.model import pod_template
from ferrata.model.keys import EPHEMERAL_METADATA, EPHEMERAL_METADATA_PENDING
from ferrata.model.pod_metadata import NO_METADATA, PodMetadata, carried, without_metadata

ROLE = PodMetadata.read({"labels": {"role": "canary"}, "annotations": {"note": "n"}})
TEXT = '{"labels":{"role":"canary"},"annotations":{"note":"n"}}'


def replica_set(labels: dict[str, str], **annotations: str) -> dict[str, Any]:
    names = {"recorded": EPHEMERAL_METADATA, "pending": EPHEMERAL_METADATA_PENDING}
    template = {"metadata": {"labels": labels, "annotations": {"note": "n"}}, "spec": {}}
    return {
        "metadata": {"annotations": {names[key]: text for key, text in annotations.items()}},
        "spec": {"template": template},
    }


def test_it_is_written_as_clients_know_it() -> None:
    assert ROLE.text_form == TEXT
    assert PodMetadata.parse(TEXT) == ROLE
    assert NO_METADATA.text_form is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"labels": null}'])
def test_what_says_nothing_is_nothing(text: str) -> None:
    assert PodMetadata.parse(text) == NO_METADATA


def test_what_is_left_to_do_is_remembered() -> None:
    assert carried(replica_set({}, recorded=TEXT)) == (ROLE, None)
    assert carried(replica_set({}, recorded=TEXT, pending="{}")) == (NO_METADATA, ROLE)
    assert carried({"metadata": {}}) == (NO_METADATA, None)


def test_a_template_means_the_same_whatever_its_role() -> None:
    rs = replica_set({"app": "a", "role": "canary"}, recorded=TEXT)
    own = {"metadata": {"labels": {"app": "a"}}, "spec": {}}
    assert pod_template.digest(without_metadata(rs)) == pod_template.digest(own)
    assert rs["spec"]["template"]["metadata"]["labels"] == {"app": "a", "role": "canary"}


def test_a_patch_takes_away_only_what_was_ours() -> None:
    wanted = PodMetadata.read({"labels": {"tier": "x"}})
    assert wanted.instead_of(ROLE) == {"labels": {"role": None, "tier": "x"}, "annotations": {"note": None}}
    assert NO_METADATA.instead_of(NO_METADATA) == {}
