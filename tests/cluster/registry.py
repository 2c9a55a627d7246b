"""A pull-only image registry over a folder of Docker archives: `python -m tests.cluster.registry FOLDER PORT`.

containerd is told to ask it for every registry's name (`?ns=docker.io`), so that image names, `imagePullPolicy: Always`
and ImagePullBackOff behave as in life while nothing leaves the machine. A new archive in the folder is a push. Blobs
are served from where they lie inside the archives.
"""

from __future__ import annotations

import hashlib
import http.server
import json
import shutil
import sys
import tarfile
import threading
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar"


@dataclass(frozen=True, slots=True)
class Blob:
    """Where the bytes of a digest lie."""

    digest: str
    archive: Path
    offset: int
    size: int


@dataclass(slots=True)
class Index:
    """What the archives of a folder offer: blobs by digest, manifests by digest and by (registry, name, tag)."""

    blobs: dict[str, Blob] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    tags: dict[tuple[str, str, str], bytes] = field(default_factory=dict)

    def add(self, archive: Path) -> None:
        """Index one archive as `docker save` and images.py write them."""
        with tarfile.open(archive) as tar:
            for image in json.loads(_content(tar, "manifest.json")):
                self._add_image(archive, tar, image)

    def _add_image(self, archive: Path, tar: tarfile.TarFile, image: dict[str, Any]) -> None:
        config = _content(tar, image["Config"])
        diffs: list[str] = json.loads(config)["rootfs"]["diff_ids"]  # layers are not compressed: their digests
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self._blob(archive, tar, image["Config"], digest(config), CONFIG),
            "layers": [
                self._blob(archive, tar, layer, diff, LAYER) for layer, diff in zip(image["Layers"], diffs, strict=True)
            ],
        }
        manifest = json.dumps(document).encode()
        self.manifests[digest(manifest)] = manifest
        for tag in image["RepoTags"]:
            self.tags[parse_name(tag)] = manifest

    def _blob(self, archive: Path, tar: tarfile.TarFile, member: str, name: str, media: str) -> dict[str, Any]:
        where = tar.getmember(member)
        self.blobs[name] = Blob(name, archive, where.offset_data, where.size)
        return {"mediaType": media, "digest": name, "size": where.size}


def _content(tar: tarfile.TarFile, member: str) -> bytes:
    stream = tar.extractfile(member)
    if stream is None:
        raise ValueError(f"{member} of {tar.name!r} is no file")
    return stream.read()


def digest(content: bytes) -> str:
    """The name of a blob: sha256 of its bytes."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def parse_name(name: str) -> tuple[str, str, str]:
    """(registry, repository, tag) of an image's name, with Docker's defaults filled in."""
    head, separator, tag = name.rpartition(":")
    if not separator or "/" in tag:
        head, tag = name, "latest"
    first, _, rest = head.partition("/")
    if rest and ("." in first or ":" in first or first == "localhost"):
        return first, rest, tag
    return "docker.io", head if rest else f"library/{head}", tag


class Store:
    """The index of a folder, read anew when its archives change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: list[tuple[Path, int]] = []
        self._index = Index()
        self._lock = threading.Lock()

    def index(self) -> Index:
        """The index as of now."""
        with self._lock:
            seen = [(path, path.stat().st_mtime_ns) for path in sorted(self._folder.glob("*.tar"))]
            if seen != self._seen:
                index = Index()
                for path, _ in seen:
                    index.add(path)
                self._seen, self._index = seen, index
            return self._index


class Handler(http.server.BaseHTTPRequestHandler):
    """GET and HEAD of /v2/, manifests and blobs."""

    protocol_version = "HTTP/1.1"
    store: Store

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        registry = urllib.parse.parse_qs(query).get("ns", ["docker.io"])[0]
        parts = path.strip("/").split("/")
        if parts == ["v2"]:
            self._send(200, "application/json", b"{}")
        elif len(parts) >= 4 and parts[-2] == "manifests":
            self._manifest(registry, "/".join(parts[1:-2]), parts[-1])
        elif len(parts) >= 4 and parts[-2] == "blobs":
            self._blob(parts[-1])
        else:
            self._missing()

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks up

    def _manifest(self, registry: str, name: str, reference: str) -> None:
        index = self.store.index()
        found = index.manifests.get(reference) or index.tags.get((registry, name, reference))
        if found:
            self._send(200, MANIFEST, found)
        else:
            self._missing()

    def _blob(self, name: str) -> None:
        blob = self.store.index().blobs.get(name)
        if blob is None:
            self._missing()
            return
        self._head(200, "application/octet-stream", blob.size, blob.digest)
        if self.command == "GET":
            with blob.archive.open("rb") as archive:
                archive.seek(blob.offset)
                shutil.copyfileobj(_Limited(archive, blob.size), self.wfile)

    def _missing(self) -> None:
        self._send(404, "application/json", b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no such image here"}]}')

    def _send(self, status: int, media: str, body: bytes) -> None:
        self._head(status, media, len(body), digest(body))
        if self.command == "GET":
            self.wfile.write(body)

    def _head(self, status: int, media: str, size: int, name: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(size))
        self.send_header("Docker-Content-Digest", name)
        self.end_headers()


class _Limited:
    """So many bytes of a stream, for copyfileobj."""

    def __init__(self, stream: Any, size: int) -> None:
        self._stream, self._left = stream, size

    def read(self, size: int = -1, /) -> bytes:
        content: bytes = self._stream.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(content)
        return content


def main() -> None:
    """Serve until killed."""
    Handler.store = Store(Path(sys.argv[1]))
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()


if __name__ == "__main__":
    main()
