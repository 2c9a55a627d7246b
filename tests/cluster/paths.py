"""Where the cluster keeps what it builds (cache) and what it runs on (state); never inside the repository.

FERRATA_CACHE and FERRATA_STATE override the roots, XDG_CACHE_HOME and XDG_STATE_HOME are honoured.
"""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
REPOSITORY = PACKAGE.parent.parent


def cache_root() -> Path:
    """Folder for built tools and images, `~/.cache/ferrata` unless overridden."""
    if own := os.environ.get("FERRATA_CACHE"):
        return Path(own).absolute()
    return _xdg("XDG_CACHE_HOME", ".cache") / "ferrata"


def state_root() -> Path:
    """Folder with one folder for each running cluster, `~/.local/state/ferrata/cluster` unless overridden."""
    if own := os.environ.get("FERRATA_STATE"):
        return Path(own).absolute()
    return _xdg("XDG_STATE_HOME", ".local/state") / "ferrata" / "cluster"


def _xdg(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / default)
