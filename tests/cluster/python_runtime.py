"""The Python that runs this, as files for an image: interpreter, standard library, locked distributions, libraries.

    runtime = describe(lock); runtime.install(root)

Everything lands below /usr/local, wherever it lies on this machine; bytecode is compiled ahead, since a container with
a read-only root cannot keep it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from .errors import ClusterError

HOME = "/usr/local"
INTERPRETER = f"{HOME}/bin/python3"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
LIBRARIES = f"{HOME}/lib"
ENVIRONMENT = {
    "PYTHONHOME": HOME,
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
    "LD_LIBRARY_PATH": LIBRARIES,
    "SSL_CERT_FILE": CERTIFICATES,
}
# Of the standard library, what no service needs.
LEFT_OUT = ("test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3", "__pycache__", "config-*")
LEFT_OUT_FILES = ("*.pyc", "_tkinter*", "turtle.py", "_test*.so", "xxlimited*")


@dataclass(frozen=True, slots=True)
class Runtime:
    """What goes into the image; `key` changes with any of it."""

    distributions: tuple[metadata.Distribution, ...]
    key: str

    def install(self, root: Path) -> None:
        """Copy everything below a folder. Raises ClusterError when a shared library is missing here."""
        place = root / HOME.lstrip("/")
        (place / "bin").mkdir(parents=True)
        shutil.copy(_executable(), place / "bin" / "python3")
        library = place / sys.platlibdir / _versioned()
        shutil.copytree(
            sysconfig.get_path("stdlib"),
            library,
            ignore=shutil.ignore_patterns(*LEFT_OUT, *LEFT_OUT_FILES, "site-packages", "dist-packages"),
        )
        packages = library / "site-packages"
        for distribution in self.distributions:
            _copy_distribution(distribution, packages)
        _copy_libraries(root, packages)
        compile_sources(root, HOME)


def describe(lock: Path) -> Runtime:
    """The runtime for a lock file. Raises ClusterError when this environment lacks one of its distributions."""
    distributions = tuple(_distribution(*pin) for pin in locked(lock.read_text()))
    records = [distribution.read_text("RECORD") or distribution.name for distribution in distributions]
    parts = [sys.version, sys.platform, _executable().read_bytes().hex()[:4096], *records]
    return Runtime(distributions, hashlib.sha256("\0".join(parts).encode()).hexdigest())


def locked(text: str) -> list[tuple[str, str]]:
    """Name and version of each pin of a lock file, those left out whose marker does not fit this system."""
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)\s*(?:;\s*([^\\\n]*))?", text, re.MULTILINE)
    return [(name, version) for name, version, marker in pins if "sys_platform == 'win32'" not in marker]


def _distribution(name: str, version: str) -> metadata.Distribution:
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        raise ClusterError(f"{name} {version} of the lock file is not installed: run `make setup`") from None
    if found.version != version:
        raise ClusterError(f"{name} is {found.version}, the lock file has {version}: run `make setup`")
    return found


def _executable() -> Path:
    """The interpreter itself, behind the links of a virtual environment."""
    return Path(sys.executable).resolve()


def _versioned() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def _copy_distribution(distribution: metadata.Distribution, packages: Path) -> None:
    for file in distribution.files or ():
        if file.parts[0] == ".." or "__pycache__" in file.parts or file.suffix == ".pyc":
            continue  # console scripts, and bytecode made here
        target = packages.joinpath(*file.parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(file.locate()), target)


def _copy_libraries(root: Path, packages: Path) -> None:
    """Copy the shared libraries that the interpreter and all extension modules are linked with, and the loader."""
    folder = root / LIBRARIES.lstrip("/")
    originals = [_executable(), *(packages.parent / "lib-dynload").glob("*.so")]
    extensions = [path for path in packages.rglob("*.so*") if path.is_file()]
    for library in sorted(set(_linked([*originals, *extensions]))):
        if library.is_relative_to(packages):  # a wheel's own, found by its path relative to the module
            continue
        loader = library.name.startswith("ld-")
        target = root / str(library).lstrip("/") if loader else folder / library.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)
        target.chmod(0o755)
    _copy_lazily_loaded(folder)


def _linked(files: list[Path]) -> Iterator[Path]:
    """The libraries that ldd(1) resolves for ELF files. Raises ClusterError for one that is not found."""
    result = subprocess.run(["ldd", *map(str, files)], capture_output=True, text=True, check=False)
    if missing := [
        line.strip() for line in result.stdout.splitlines() if "not found" in line and "_tkinter" not in line
    ]:
        raise ClusterError(f"shared libraries are missing on this machine: {'; '.join(sorted(set(missing)))}")
    for line in result.stdout.splitlines():
        if found := re.match(r"\s+(?:\S+ => )?(/\S+) \(0x", line):
            yield Path(found[1])


def _copy_lazily_loaded(folder: Path) -> None:
    """Copy what glibc opens by name when it is first needed: to end a thread, and for names before glibc 2.34."""
    known = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    for name in ("libgcc_s.so.1", "libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"):
        path = re.search(rf"{re.escape(name)} .*=> (/\S+)", known)
        if path:
            shutil.copy(path[1], folder / name)


def compile_sources(root: Path, below: str) -> None:
    """Compile the sources below a folder of the image; the bytecode is never checked against them."""
    folder = root / below.lstrip("/")
    command = [sys.executable, "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash"]
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    subprocess.run(
        [*command, "-s", str(root), "-p", "/", str(folder)], env=environment, check=True, stdout=subprocess.DEVNULL
    )
