"""Images: the same bytes for the same content, and names as container runtimes read them."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from tests.cluster.images import Entry, RootFs, Settings, fingerprint, write_archive
from tests.cluster.registry import Index, digest, parse_name

ROOTFS: RootFs = {
    "app": Entry(b"program", 0o755),
    "etc/passwd": Entry(b"root:x:0:0::/:\n"),
    "bin/sh": Entry(link="/app"),
    "tmp": Entry(mode=0o1777),
}
SETTINGS = Settings(("/app",), ("VERSION=v1",), "65532:65532")


def archive(folder: Path, rootfs: RootFs = ROOTFS) -> Path:
    target = folder / "image.tar"
    write_archive(target, [rootfs], ["example.test/app:v1"], SETTINGS, folder)
    return target


def test_the_same_content_gives_the_same_bytes_whatever_its_order(tmp_path: Path) -> None:
    first = archive(tmp_path).read_bytes()
    assert archive(tmp_path, dict(reversed(ROOTFS.items()))).read_bytes() == first


def test_files_carry_mode_and_owner_and_no_time(tmp_path: Path) -> None:
    with tarfile.open(archive(tmp_path)) as tar:
        stream = tar.extractfile("layer-0.tar")
        assert stream is not None
        with tarfile.open(fileobj=stream) as layer:
            found = {member.name: (oct(member.mode), member.uid, member.mtime) for member in layer}
    assert found["app"] == ("0o755", 0, 0)
    assert found["etc"] == ("0o755", 0, 0)
    assert found["tmp"] == ("0o1777", 0, 0)


@pytest.mark.parametrize(
    "changed",
    [
        ROOTFS | {"app": Entry(b"program", 0o644)},  # type: ignore[operator]
        ROOTFS | {"app": Entry(b"programs", 0o755)},  # type: ignore[operator]
        ROOTFS | {"bin/sh": Entry(link="/app2")},  # type: ignore[operator]
    ],
)
def test_the_fingerprint_changes_with_mode_content_and_link(changed: RootFs) -> None:
    names = ["example.test/app:v1"]
    assert fingerprint([changed], names, SETTINGS) != fingerprint([ROOTFS], names, SETTINGS)


def test_a_file_is_the_same_whether_given_as_bytes_or_as_a_path(tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(b"program")
    from_path = {"app": Entry(tmp_path / "program", 0o755)}
    names = ["example.test/app:v1"]
    assert fingerprint([from_path], names, SETTINGS) == fingerprint(
        [{"app": Entry(b"program", 0o755)}], names, SETTINGS
    )


def test_the_registry_offers_what_the_archive_holds(tmp_path: Path) -> None:
    path = archive(tmp_path)
    index = Index()
    index.add(path)
    manifest = index.tags["example.test", "app", "v1"]
    assert index.manifests[digest(manifest)] == manifest
    described = json.loads(manifest)
    content = path.read_bytes()
    for part in (described["config"], *described["layers"]):
        blob = index.blobs[part["digest"]]
        assert digest(content[blob.offset : blob.offset + blob.size]) == part["digest"]


@pytest.mark.parametrize(
    ("name", "parsed"),
    [
        ("nginx", ("docker.io", "library/nginx", "latest")),
        ("nginx:1.25", ("docker.io", "library/nginx", "1.25")),
        ("shop/web:v1", ("docker.io", "shop/web", "v1")),
        ("ghcr.io/shop/web", ("ghcr.io", "shop/web", "latest")),
        ("localhost:5000/web:v1", ("localhost:5000", "web", "v1")),
    ],
)
def test_a_name_is_completed_as_docker_does(name: str, parsed: tuple[str, str, str]) -> None:
    assert parse_name(name) == parsed
