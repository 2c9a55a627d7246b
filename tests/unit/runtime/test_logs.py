"""Logs: one JSON object per line, whoever wrote it."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import orjson
import pytest
import structlog

from ferrata.runtime import logs


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_our_lines_and_the_libraries_are_json(stream: io.StringIO) -> None:
    logs.configure("info", "json", stream)
    with structlog.contextvars.bound_contextvars(key="ns/a"):
        structlog.get_logger("ferrata.x").info("decided", weight=20, step={"setWeight": 20})
        logging.getLogger("aiohttp.client").warning("slow %s", "server")
    ours, theirs = (orjson.loads(line) for line in stream.getvalue().splitlines())
    assert ours.items() >= {"event": "decided", "weight": 20, "key": "ns/a", "level": "info"}.items()
    assert theirs.items() >= {"event": "slow server", "logger": "aiohttp.client", "level": "warning"}.items()
    assert ours["timestamp"].endswith("Z")


def test_lines_below_the_level_are_left_out_and_kopf_s_chatter_always(stream: io.StringIO) -> None:
    logs.configure("warn", "json", stream)
    structlog.get_logger("ferrata.x").info("nothing")
    logs.configure("info", "json", stream)
    logging.getLogger("kopf.objects").info("Handler succeeded.")
    assert stream.getvalue() == ""


def test_a_traceback_stays_in_one_line(stream: io.StringIO) -> None:
    logs.configure("info", "json", stream)
    try:
        int("bad")
    except ValueError:
        structlog.get_logger("ferrata.x").exception("failed")
    (line,) = stream.getvalue().splitlines()
    assert "ValueError: invalid literal" in orjson.loads(line)["exception"]


def test_text_is_for_people(stream: io.StringIO) -> None:
    logs.configure("info", "text", stream)
    structlog.get_logger("ferrata.x").info("decided", weight=20)
    assert "weight=20" in stream.getvalue()
