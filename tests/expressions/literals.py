# ruff: noqa: E501  tables of expressions read best with one entry to a line
"""The leaves that expressions are drawn from: literals as users write them, plain and odd."""

from __future__ import annotations

NUMBERS = (
    "0", "1", "2", "0.95", "0.5", "1.0", "1e3", "1E-2", ".5", "5.", "1_000", "1_0.5_0", "3.14", "0x1F", "0b101", "0o17",
    "99.9", "1e400", "9223372036854775807", "9223372036854775808", "00.5",
)  # fmt: skip

TEXTS = (
    "ok",
    "",
    "200",
    "0.95",
    "a,b,c",
    "Hello World",
    "  padded ",
    "naïve ☃",
    "ß",
    "-7",
    "1e3",
    "NaN",
    "line\nbreak",
    'quo"te',
    "<&>",
)

_STRINGS = (
    '"ok"', '""', "'a'", '"200"', '"0.95"', '","', '"a,b,c"', '"Hello World"', "`raw \\n`", '"tab\\t"', "'it\\'s'", '"\\x41"', '"\\u00e9"',
    '"naïve ☃"', '" "', '"l"', '"o"', '"1h"', '"ß"', '"12abc"', '"\\q"', '"abc"',
)  # fmt: skip

LITERALS: dict[str, tuple[str, ...]] = {
    "bool": ("true", "false", "true", "false", "nil", "result == nil", "ok"),
    "int": ("0", "1", "2", "3", "-1", "10", "100", "64", "0x10", "1_000", "9223372036854775807", "-9223372036854775807 - 1"),
    "float": ("0.0", "0.5", "0.95", "1.5", "-2.5", "2.0", "1e3", "1e308", ".25", "0.1", "result"),
    "string": _STRINGS,
    "array": ("[]", "[1, 2, 3]", "[0.5, 1.5]", '["a", "b"]', "[1, 2.5]", "[nil]", "[[1], [2, 3]]", "1..3", "result", "[true, false]", '["x", 1]', "[3, 1, 2]"),
    "map": ("{}", '{"a": 1}', "{a: 1, b: 2.5}", '{"ok": true}', "result", "{a: {b: [1]}}"),
    "time": ('date("2024-01-02")', 'date("2024-01-02T03:04:05Z")', 'date("2024-01-02 03:04:05")', 'date("2023-12-31", "2006-01-02")',
             'date("02/01/2024", "02/01/2006")', 'date("nonsense")', 'date("2024-01-02T03:04:05.123456+02:00")', 'date("2024-03-10 12:00:00", "2006-01-02 15:04:05", "America/New_York")'),
    "duration": ('duration("1h")', 'duration("1m30s")', 'duration("-1.5s")', 'duration("300ms")', 'duration("0")', 'duration("1d")', 'duration("")', 'duration("1h1h")'),
    "pattern": ('"^a"', '"[0-9]+"', '"o$"', '"(?i)HELLO"', '"a.c"', '"("', '"\\\\d{2,3}"', '"\\\\bWorld\\\\b"', '"(?=x)"', '"a|b"', '""', '"[[:alpha:]]+$"', '"^\\\\p{L}+$"', "result"),
    "json": ("'{\"a\": 1}'", "'[1, 2.5, null]'", "'{}'", "'nope'", "'\"s\"'", "'{\"a\": {\"b\": [true]}}'", "'1e400'", "'[1,]'", "' 5 '"),
}  # fmt: skip
