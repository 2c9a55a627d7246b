"""Access to what values hold: elements, keys, slices, membership, and sizes, with Go's ranges and refusals."""

from __future__ import annotations

from ferrata.metrics.expression.arithmetic import equal, to_int
from ferrata.metrics.expression.errors import LocatedError
from ferrata.metrics.expression.values import AnyMap, Uint8, format_value, key_of, type_name


def octets(text: str) -> bytes:
    """Return a string's bytes; Go strings are bytes, and an invalid one is kept as it is."""
    return text.encode("utf-8", "surrogateescape")


def from_octets(raw: bytes) -> str:
    """Return the string that has these bytes."""
    return raw.decode("utf-8", "surrogateescape")


def size_in_bytes(value: object) -> int:
    """Return Go's `len`: elements, keys, or the bytes of a string."""
    if isinstance(value, str):
        return len(octets(value))
    if isinstance(value, list | dict | bytes):
        return len(value)
    raise LocatedError(f"invalid argument for len (type {type_name(value)})")


def fetch(base: object, key: object) -> object:
    """Return an element or the value of a key (nil when a map has none); LocatedError when there is none."""
    if isinstance(base, dict):
        return lookup(base, key)[0]
    if not isinstance(base, list | str | bytes):
        raise LocatedError(f"cannot fetch {format_value(key)} from {type_name(base)}")
    index = to_int(key)
    size = size_in_bytes(base)
    if index < 0:
        index += size
    if not 0 <= index < size:
        raise LocatedError(f"index out of range: {index} (array length is {size})")
    return base[index] if isinstance(base, list) else Uint8((octets(base) if isinstance(base, str) else base)[index])


def lookup(base: dict[object, object], key: object) -> tuple[object, bool]:
    """Return the value of `key` and whether there is one."""
    if isinstance(base, AnyMap):
        entry = base.get(key_of(key))
        return (entry[1], True) if isinstance(entry, tuple) else (None, False)
    if key is None:
        key = ""
    if not isinstance(key, str):
        problem = f"reflect.Value.MapIndex: value of type {type_name(key)} is not assignable to type string"
        raise LocatedError(problem)
    return base.get(key), key in base


def cut(base: object, start: object, stop: object) -> object:
    """Return `base[start:stop]`; bounds count from the end when negative and are clipped, never refused."""
    if not isinstance(base, list | str | bytes):
        raise LocatedError(f"cannot slice {format_value(start)}")
    size = size_in_bytes(base)
    low, high = to_int(start), to_int(stop)
    low = max(low + size if low < 0 else low, 0)
    high = min(max(high + size if high < 0 else high, 0), size)
    low = min(low, high)
    if isinstance(base, str):
        return from_octets(octets(base)[low:high])
    return type(base)(base[low:high])


def is_in(needle: object, container: object, constants: bool) -> bool:
    """Return whether `container` has `needle` as an element or a key; `constants` for a list of string literals."""
    if container is None:
        return False
    if constants and not isinstance(needle, str | None):
        problem = f"reflect.Value.MapIndex: value of type {type_name(needle)} is not assignable to type string"
        raise LocatedError(problem)
    if isinstance(container, list):
        if constants and needle is None:
            needle = ""
        return any(equal(item, needle) for item in container)
    if isinstance(container, dict):
        return lookup(container, needle)[1]
    raise LocatedError(f'operator "in" not defined on {type_name(container)}')
