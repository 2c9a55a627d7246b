"""Writes the chart's copy of the definitions from ferrata.api: compact JSON, since a Helm release has a limit of size.

`--check` writes nothing and fails naming the files that are out of date or left over.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ferrata.api.crd import definitions

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "charts" / "ferrata" / "files" / "crds"


def wanted() -> dict[Path, str]:
    """What the folder is to hold: path and content."""
    texts = {plural: json.dumps(crd, sort_keys=True, separators=(",", ":")) for plural, crd in definitions().items()}
    return {FOLDER / f"{plural}.json": text + "\n" for plural, text in texts.items()}


def stale(files: dict[Path, str]) -> list[Path]:
    """Files that are missing, not as wanted, or left over from a kind that is gone."""
    present = set(FOLDER.glob("*"))
    changed = {file for file, text in files.items() if file not in present or file.read_text() != text}
    return sorted(changed | (present - files.keys()))


def main() -> int:
    """0, or 1 when `--check` found a stale file."""
    files = wanted()
    outdated = stale(files)
    if "--check" in sys.argv:
        if outdated:
            names = ", ".join(str(file.relative_to(ROOT)) for file in outdated)
            print(f"out of date: {names}; run `make generate`", file=sys.stderr)
        return 1 if outdated else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file in outdated:
        if file in files:
            file.write_text(files[file])
        else:
            file.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
