"""Prometheus: an instant query, its answer as a number or a list of numbers."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from ferrata.errors import SpecRejected
from ferrata.metrics.base import Failure, Json, Request, Sample
from ferrata.metrics.expression.go_format import format_float_f

_TIMEOUT = 30.0
"""Seconds; the default of Argo Rollouts."""
_LONGEST_TIMEOUT = 86400.0
"""Seconds; sockets refuse numbers that an int64 of the API can hold."""


def request(config: Json, default_address: str = "") -> Request:
    """The request that `provider.prometheus` asks for. Raises SpecRejected when it cannot be made."""
    for name in ("sigv4", "oauth2"):
        if any(((config.get("authentication") or {}).get(name) or {}).values()):
            raise SpecRejected(f"not yet supported: prometheus authentication {name}")
    if config.get("rangeQuery"):
        raise SpecRejected("not yet supported: prometheus rangeQuery")
    address = str(config.get("address") or default_address)
    if not address:
        raise SpecRejected("prometheus address is not configured")
    if not _is_absolute(address):
        raise SpecRejected("prometheus address is not is url format")
    timeout = config.get("timeout") or _TIMEOUT
    if timeout < 0:
        raise SpecRejected("prometheus timeout should not be negative")
    username, password = _basic(config)
    return Request(
        url=address.rstrip("/"),
        form=(("query", str(config.get("query", ""))),),
        timeout=min(float(timeout), _LONGEST_TIMEOUT),
        headers=tuple((str(h.get("key")), str(h.get("value"))) for h in config.get("headers") or []),
        verify=config.get("insecure") is not True,
        username=username,
        password=password,
    )


def _is_absolute(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def _basic(config: Json) -> tuple[str, str]:
    basic = (config.get("authentication") or {}).get("basicAuth") or {}
    username, password = str(basic.get("username") or ""), str(basic.get("password") or "")
    for name, value, other in (("username", username, password), ("password", password, username)):
        if other and not value:
            raise SpecRejected(f"missing mandatory parameter in metric for basic auth setup: {name}")
    return username, password


def sample(status: int, body: bytes) -> Sample | Failure:
    """What an answer says; anything but a well-formed success is a Failure with the reason."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return Failure(f"HTTP {status}: the answer is no JSON: {body[:100].decode(errors='replace')!r}")
    if not isinstance(answer, dict) or answer.get("status") != "success" or status >= 300:
        found = answer if isinstance(answer, dict) else {}
        return Failure(f"{found.get('errorType') or f'HTTP {status}'}: {found.get('error') or 'no success'}")
    try:
        warnings = ", ".join(json.dumps(w, ensure_ascii=False) for w in answer.get("warnings") or [])
        return _sample(answer["data"], {"warnings": warnings} if warnings else {})
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        return Failure(f"the answer has not the form of a query's result: {type(error).__name__}: {error}")


def _sample(found: Json, metadata: Json) -> Sample | Failure:
    kind, result = found["resultType"], found["result"]
    if kind == "scalar":
        number = float(result[1])
        return Sample(number, format_float_f(number), metadata)
    if kind == "vector":
        numbers = [float(series["value"][1]) for series in result]
    elif kind == "matrix":
        numbers = [float(point[1]) for series in result for point in series["values"]]
    else:
        return Failure("Prometheus metric type not supported")
    return Sample(numbers, "[" + ",".join(format_float_f(n) for n in numbers) + "]", metadata)
