"""The operator of this checkout as a container image, on the Python that runs this.

    node.push(operator_image("ferrata.dev/operator:test"))

Two layers: the runtime changes with the lock file, the operator with its sources. It runs as uid 65532 and writes
nowhere, so it starts under the restricted Pod Security Standard with a read-only root file system.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection
from hashlib import file_digest, sha256
from pathlib import Path

from . import images, paths, python_runtime
from .images import Entry, Settings

SOURCES = paths.REPOSITORY / "operator" / "ferrata"
KEPT = 4  # archives and folders of earlier sources
LOCK = paths.REPOSITORY / "requirements.lock"


def operator_image(name: str) -> Path:
    """The archive of the operator's image under that name, made now unless it is in the cache. Returns its path.

    Raises ClusterError when this environment is not the one of requirements.lock.
    """
    runtime = python_runtime.describe(LOCK)
    builder = _digest(Path(python_runtime.__file__))
    base = _kept(f"python-{runtime.key[:12]}-{builder[:12]}", runtime.install)
    sources = sorted(path for path in SOURCES.rglob("*") if path.is_file() and path.suffix != ".pyc")
    state = "".join(f"{path.relative_to(SOURCES)} {_digest(path)}\n" for path in sources)
    # The bytecode is that of this interpreter, so the runtime counts too.
    own = _kept(f"operator-{sha256((state + runtime.key + builder).encode()).hexdigest()[:12]}", _install_operator)
    environment = {"PYTHONPATH": "/app", **python_runtime.ENVIRONMENT}
    variables = tuple(f"{key}={value}" for key, value in sorted(environment.items()))
    settings = Settings((python_runtime.INTERPRETER, "-m", "ferrata"), variables, "65532:65532")
    archive = images.image([images.base_files() | files_below(base), files_below(own)], [name], settings)
    forget_old(archive.parent, "operator-????????????", KEPT, spare={own})  # the folders
    forget_old(archive.parent, archive.name.rpartition("-")[0] + "-*.tar", KEPT, spare={archive})
    return archive


def forget_old(folder: Path, pattern: str, keep: int, spare: Collection[Path]) -> list[Path]:
    """Remove all but the newest of what a pattern finds, never what is to be spared. Returns what was removed.

    Every change of the operator's sources makes an archive of a quarter of a gigabyte; a node that got one has a copy.
    """
    found = sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime, reverse=True)
    old = [path for path in found[keep:] if path not in spare]
    for path in old:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)  # another process may be at it too
        else:
            path.unlink(missing_ok=True)
    return old


def _install_operator(root: Path) -> None:
    shutil.copytree(SOURCES, root / "app" / "ferrata", ignore=shutil.ignore_patterns("__pycache__"))
    python_runtime.compile_sources(root, "/app")


def _kept(name: str, install: Callable[[Path], None]) -> Path:
    """The folder of that name in the cache, filled by `install` when it is not there yet."""
    target = paths.cache_root() / "images" / name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".making-") as scratch:
            root = Path(scratch) / "root"
            root.mkdir()
            install(root)
            if not target.exists():  # another process may have been faster
                root.rename(target)
    return target


def files_below(root: Path) -> dict[str, Entry]:
    """The files of a folder as a root file system; what may be run here may be run there."""
    found = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): Entry(path, _mode(path)) for path in found}


def _mode(path: Path) -> int:
    return 0o755 if path.stat().st_mode & 0o100 else 0o644


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()
