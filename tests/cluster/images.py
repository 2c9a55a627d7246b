"""Container images without Docker: root file systems as data, packed into archives that are the same each time.

    archive = go_image("example.test/app:v1", folder, environment={"VERSION": "v1"})   # a static Go program
    archive = pause_image()                                                            # what holds a pod's namespaces

Archives are kept in `<cache>/images`, named by a hash of what went in, and are pushed to a node by `Node.push`.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import paths
from .errors import ClusterError
from .registry import parse_name
from .tools import go_environment, go_program

SEARCH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PAUSE = "registry.k8s.io/pause:3.10"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file (or, with `link`, symbolic link; with neither, empty folder) of a root file system."""

    content: bytes | Path | None = None
    mode: int = 0o644
    link: str = ""

    def bytes_(self) -> bytes:
        """What is in the file."""
        return self.content.read_bytes() if isinstance(self.content, Path) else self.content or b""


RootFs = Mapping[str, Entry]  # path below / without a leading slash -> entry


@dataclass(frozen=True, slots=True)
class Settings:
    """How a container of the image is started."""

    entrypoint: tuple[str, ...]
    environment: tuple[str, ...] = ()
    user: str = ""
    folder: str = "/"


def fingerprint(layers: Sequence[RootFs], names: Sequence[str], settings: Settings) -> str:
    """Sixteen hexadecimal digits that change with everything in an image."""
    total = hashlib.sha256(json.dumps([sorted(names), asdict(settings)]).encode())
    for layer in layers:
        for path, entry in sorted(layer.items()):
            total.update(f"\0{path}\0{entry.mode}\0{entry.link}\0".encode() + hashlib.sha256(entry.bytes_()).digest())
    return total.hexdigest()[:16]


def image(layers: Sequence[RootFs], names: Sequence[str], settings: Settings) -> Path:
    """The archive of an image with these layers, made now unless it is in the cache. Returns its path."""
    folder = paths.cache_root() / "images"
    folder.mkdir(parents=True, exist_ok=True)
    short = parse_name(names[0])[1].rpartition("/")[2]
    target = folder / f"{short}-{fingerprint(layers, names, settings)}.tar"
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as scratch:
            draft = Path(scratch) / "image.tar"
            write_archive(draft, layers, names, settings, Path(scratch))
            draft.replace(target)
    return target


def write_archive(
    target: Path, layers: Sequence[RootFs], names: Sequence[str], settings: Settings, scratch: Path
) -> None:
    """Write a Docker archive; the same input gives the same bytes. Layers are drafted in the folder `scratch`."""
    drafts = [scratch / f"layer-{number}.tar" for number in range(len(layers))]
    for draft, layer in zip(drafts, layers, strict=True):
        write_layer(draft, layer)
    config = json.dumps(_config(drafts, settings)).encode()
    config_name = hashlib.sha256(config).hexdigest() + ".json"
    tags = ["/".join(parse_name(name)[:2]) + ":" + parse_name(name)[2] for name in names]
    manifest = [{"Config": config_name, "RepoTags": tags, "Layers": [draft.name for draft in drafts]}]
    with tarfile.open(target, "w", format=tarfile.GNU_FORMAT) as tar:
        _add(tar, config_name, config)
        for draft in drafts:
            with draft.open("rb") as stream:
                member = tarfile.TarInfo(draft.name)
                member.size = draft.stat().st_size
                tar.addfile(member, stream)
            draft.unlink()
        _add(tar, "manifest.json", json.dumps(manifest).encode())


def _config(layers: Sequence[Path], settings: Settings) -> dict[str, Any]:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}
    diffs = ["sha256:" + _digest_of(layer) for layer in layers]
    return {
        "architecture": machine.get(platform.machine(), platform.machine()),
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {
            "Env": [SEARCH, *settings.environment],
            "Entrypoint": list(settings.entrypoint),
            "User": settings.user,
            "WorkingDir": settings.folder,
        },
        "rootfs": {"type": "layers", "diff_ids": diffs},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "ferrata tests"} for _ in diffs],
    }


def _digest_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_layer(target: Path, layer: RootFs) -> None:
    """Write a layer: all its entries in order, with their folders, owned by root, at the epoch."""
    written: set[str] = set()
    with tarfile.open(target, "w", format=tarfile.GNU_FORMAT) as tar:
        for path, entry in sorted(layer.items()):
            for folder in reversed(Path(path).parents[:-1]):
                if str(folder) not in written and str(folder) not in layer:
                    written.add(str(folder))
                    tar.addfile(_member(str(folder), tarfile.DIRTYPE, 0o755))
            _add_entry(tar, path, entry)


def _add_entry(tar: tarfile.TarFile, path: str, entry: Entry) -> None:
    if entry.link:
        member = _member(path, tarfile.SYMTYPE, 0o777)
        member.linkname = entry.link
        tar.addfile(member)
    elif entry.content is None:
        tar.addfile(_member(path, tarfile.DIRTYPE, entry.mode))
    else:
        _add(tar, path, entry.bytes_(), entry.mode)


def _add(tar: tarfile.TarFile, path: str, content: bytes, mode: int = 0o644) -> None:
    member = _member(path, tarfile.REGTYPE, mode)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def _member(path: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(path)
    member.type, member.mode = kind, mode
    return member


# ---------- Go programs


def go_image(
    name: str,
    source: Path,
    *,
    also: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    package: str = ".",
    user: str = "65532:65532",
) -> Path:
    """An image of one static Go program, entry point /app, built from a module's folder; `also` are further names."""
    program = go_binary(source, package)
    rootfs = base_files() | {"app": Entry(program, 0o755)}
    values = tuple(f"{key}={value}" for key, value in sorted((environment or {}).items()))
    return image([rootfs], [name, *also], Settings(("/app",), values, user))


def go_binary(source: Path, package: str = ".") -> Path:
    """A static program built from a module's folder, kept by a hash of the folder's files. Returns its path."""
    files = sorted(path for path in source.rglob("*") if path.is_file())
    total = hashlib.sha256(package.encode())
    for path in files:
        total.update(f"\0{path.relative_to(source)}\0".encode() + path.read_bytes())
    target = paths.cache_root() / "programs" / f"{source.name}-{total.hexdigest()[:16]}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        _go_build(source, package, target)
    return target


def _go_build(source: Path, package: str, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".building-") as scratch:
        made = Path(scratch) / "program"
        command = [go_program("1.21", source.name), "build", "-trimpath", "-ldflags", "-s -w", "-o", str(made), package]
        result = subprocess.run(command, cwd=source, env=go_environment(), capture_output=True, text=True, check=False)
        if result.returncode:
            raise ClusterError(f"{source} does not build:\n{result.stderr.strip()[-3000:]}")
        shutil.move(made, target)


def pause_image() -> Path:
    """The image of the container that holds a pod's namespaces, from the program in `pause/`."""
    return image([{"pause": Entry(go_binary(paths.PACKAGE / "pause"), 0o755)}], [PAUSE], Settings(("/pause",)))


def base_files() -> dict[str, Entry]:
    """What a program expects of its distribution: users, name lookup, trusted authorities, /tmp."""
    files = {
        "etc/passwd": Entry(b"root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n"),
        "etc/group": Entry(b"root:x:0:\nnonroot:x:65532:\n"),
        "etc/nsswitch.conf": Entry(b"hosts: files dns\n"),
        "tmp": Entry(mode=0o1777),
    }
    authorities = Path("/etc/ssl/certs/ca-certificates.crt")
    return files | ({"etc/ssl/certs/ca-certificates.crt": Entry(authorities)} if authorities.exists() else {})
