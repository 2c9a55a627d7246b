"""The operator's image holds what the lock file names, and the cache does not grow with every change."""

from __future__ import annotations

import os
from pathlib import Path

from tests.cluster.operator_image import files_below, forget_old
from tests.cluster.python_runtime import locked

LOCK = """\
aiohttp==3.14.5 \\
    --hash=sha256:0133
    # via ferrata
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:0234
uvloop==0.22.1 ; sys_platform != 'win32' \\
    --hash=sha256:0335
"""


def test_pins_are_read_without_those_of_another_system() -> None:
    assert locked(LOCK) == [("aiohttp", "3.14.5"), ("uvloop", "0.22.1")]


def test_only_the_newest_archives_stay_and_the_one_in_use(tmp_path: Path) -> None:
    archives = [tmp_path / f"operator-{number}.tar" for number in range(5)]
    for age, path in enumerate(archives):
        path.touch()
        os.utime(path, (1000 - age, 1000 - age))
    removed = forget_old(tmp_path, "operator-*.tar", 2, spare={archives[4]})
    assert removed == [archives[2], archives[3]]
    assert sorted(tmp_path.iterdir()) == [archives[0], archives[1], archives[4]]


def test_what_may_be_run_here_may_be_run_in_the_image(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name, mode in (("bin/tool", 0o700), ("bin/text", 0o600)):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(mode)
    assert {name: entry.mode for name, entry in files_below(tmp_path).items()} == {"bin/tool": 0o755, "bin/text": 0o644}
