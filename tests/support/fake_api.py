"""A small Kubernetes API server in this process: discovery, lists in pages, watches, patches, conflicts, and faults.

    async with FakeApi() as api:
        api.put(ROLLOUTS, {"metadata": {"name": "a", "namespace": "x"}})
        api.fail(503, times=2, method="GET", path="/rollouts")
        client = ApiClient(api.connection(), clock=SystemClock())

It keeps what real clients can see: resourceVersions that grow, uids, 409 on an old version, 410 on an expired one.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Self

import orjson
from aiohttp import web

from ferrata.cluster import kinds
from ferrata.cluster.connection import Connection
from ferrata.cluster.kinds import Kind

Json = dict[str, Any]
Name = tuple[str, str]
BACKBONE = [
    Kind("", "v1", "namespaces", "Namespace", namespaced=False),
    Kind("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False),
]
"""What kopf looks for in discovery before it starts."""
KINDS = [*(value for value in vars(kinds).values() if isinstance(value, Kind)), *BACKBONE]
VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]


@dataclass
class Fault:
    """The next `times` requests that match are answered by `code`."""

    code: int
    times: int
    method: str = ""
    path: str = ""
    body: Json = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Seen:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    content_type: str
    authorization: str | None


class FakeApi:
    """Serves on a free port of 127.0.0.1 while entered."""

    def __init__(self, absent: set[Kind] | None = None) -> None:
        self.objects: dict[Kind, dict[Name, Json]] = defaultdict(dict)
        self.requests: list[Seen] = []
        self.absent = absent or set()
        self.page_size = 500
        self.server = ""
        self._faults: list[Fault] = []
        self._version = 1000
        self._history: dict[Kind, list[tuple[int, Json]]] = defaultdict(list)
        self._expired: dict[Kind, int] = defaultdict(int)
        self._watchers: dict[Kind, set[asyncio.Queue[Json | None]]] = defaultdict(set)
        self._pages: dict[str, tuple[list[Json], str]] = {}
        self._runner: web.AppRunner | None = None
        self.deaf = False

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.server = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.end_watches()
        assert self._runner is not None
        await self._runner.cleanup()

    # ---- what a test does
    def connection(self) -> Connection:
        return Connection(self.server, None, lambda: "Bearer t")

    def fail(self, code: int, times: int = 1, **match: Any) -> None:
        self._faults.append(Fault(code, times, **match))

    def put(self, kind: Kind, obj: Json) -> Json:
        """Creates or replaces as anybody else would."""
        metadata = dict(obj["metadata"])
        name = (metadata.get("namespace", ""), metadata["name"])
        held = self.objects[kind].get(name)
        metadata["uid"] = held["metadata"]["uid"] if held else metadata.get("uid", str(uuid.uuid4()))
        metadata["resourceVersion"] = self._next()
        stored = {"apiVersion": kind.api_version, "kind": kind.kind} | obj | {"metadata": metadata}
        self.objects[kind][name] = stored
        self._tell(kind, "MODIFIED" if held else "ADDED", stored)
        return stored

    def remove(self, kind: Kind, namespace: str, name: str, *, silently: bool = False) -> None:
        """Deletes; `silently` is what a watch that broke does not hear."""
        gone = self.objects[kind].pop((namespace, name))
        gone = gone | {"metadata": gone["metadata"] | {"resourceVersion": self._next()}}
        if not silently:
            self._tell(kind, "DELETED", gone)

    def expire(self, kind: Kind) -> None:
        """Open watches end with 410, and older versions cannot be watched any more."""
        self._expired[kind] = self._version
        status = {"kind": "Status", "code": 410, "message": "too old resource version"}
        for queue in self._watchers[kind]:
            queue.put_nowait({"type": "ERROR", "object": status})
            queue.put_nowait(None)

    def end_watches(self, kind: Kind | None = None) -> None:
        for watched, queues in self._watchers.items():
            for queue in queues if kind in (None, watched) else ():
                queue.put_nowait(None)

    def count(self, method: str, ending: str, **query: str) -> int:
        return sum(
            seen.method == method and seen.path.endswith(ending) and query.items() <= seen.query.items()
            for seen in self.requests
        )

    def writes(self) -> list[Seen]:
        return [seen for seen in self.requests if seen.method != "GET"]

    def watched(self, kind: Kind) -> bool:
        return bool(self._watchers[kind])

    # ---- what a server does
    def _next(self) -> str:
        self._version += 1
        return str(self._version)

    def _tell(self, kind: Kind, type_: str, obj: Json) -> None:
        event = {"type": type_, "object": obj}
        self._history[kind].append((self._version, event))
        for queue in self._watchers[kind]:
            queue.put_nowait(event)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        seen = Seen(
            request.method,
            request.path,
            dict(request.query),
            orjson.loads(raw) if raw else None,
            request.content_type,
            request.headers.get("Authorization"),
        )
        self.requests.append(seen)
        for fault in self._faults:
            if fault.times and fault.method in ("", seen.method) and fault.path in seen.path:
                fault.times -= 1
                body = {"kind": "Status", "code": fault.code, "message": f"made to answer {fault.code}"} | fault.body
                return web.json_response(body, status=fault.code, headers=fault.headers)
        if (found := self._find(seen.path)) is None:
            return self._discover(seen.path)
        kind, namespace, name, sub = found
        if kind in self.absent:
            return _status(404, "NotFound", f"the server could not find {kind.plural}")
        if name is None and seen.method == "GET":
            if seen.query.get("watch") == "true":
                return await self._watch(request, kind, namespace)
            return self._list(kind, namespace, seen.query)
        if sub == "eviction":
            self.remove(kind, namespace or "", name or "")
            return web.json_response({"kind": "Status", "status": "Success"}, status=201)
        return self._object(kind, namespace or "", name, seen)

    def _find(self, path: str) -> tuple[Kind, str | None, str | None, str | None] | None:
        for kind in KINDS:
            root = kind.path().removesuffix(kind.plural)
            if not path.startswith(root):
                continue
            parts: list[str | None] = list(path.removeprefix(root).split("/"))
            namespace = None
            if parts[0] == "namespaces" and len(parts) > 2:
                namespace, parts = parts[1], parts[2:]
            if parts[0] == kind.plural:
                _, name, sub = (*parts, None, None)[:3]
                return kind, namespace, name, sub
        return None

    def _discover(self, path: str) -> web.Response:
        served = [kind for kind in KINDS if kind not in self.absent]
        if path == "/api":
            return web.json_response({"kind": "APIVersions", "versions": ["v1"]})
        if path == "/apis":
            groups = {(kind.group, kind.version) for kind in served if kind.group}
            return web.json_response({"kind": "APIGroupList", "groups": [_group(*pair) for pair in sorted(groups)]})
        ours = [kind for kind in served if kind.path().removesuffix(f"/{kind.plural}") == path.rstrip("/")]
        if not ours:
            return _status(404, "NotFound", f"no {path}")
        resources = [
            {
                "name": k.plural,
                "singularName": k.kind.lower(),
                "namespaced": k.namespaced,
                "kind": k.kind,
                "verbs": VERBS,
            }
            for k in ours
        ]
        return web.json_response({"kind": "APIResourceList", "groupVersion": "x", "resources": resources})

    def _list(self, kind: Kind, namespace: str | None, query: dict[str, str]) -> web.Response:
        if token := query.get("continue"):
            if token not in self._pages:
                return _status(410, "Expired", "the continue token is too old")
            items, version = self._pages.pop(token)
        else:
            held = [obj for (ns, _), obj in sorted(self.objects[kind].items()) if namespace in (None, ns)]
            items, version = [obj for obj in held if _selected(obj, query.get("labelSelector", ""))], str(self._version)
        size = min(self.page_size, int(query.get("limit", "500")))
        page, rest = items[:size], items[size:]
        metadata = {"resourceVersion": version}
        if rest:
            metadata["continue"] = uuid.uuid4().hex
            self._pages[metadata["continue"]] = (rest, version)
        bare = [{key: value for key, value in obj.items() if key not in ("apiVersion", "kind")} for obj in page]
        return web.json_response(
            {"apiVersion": kind.api_version, "kind": f"{kind.kind}List", "metadata": metadata, "items": bare}
        )

    async def _watch(self, request: web.Request, kind: Kind, namespace: str | None) -> web.StreamResponse:
        since = int(request.query["resourceVersion"])
        if since < self._expired[kind]:
            return _status(410, "Expired", "too old resource version")
        queue: asyncio.Queue[Json | None] = asyncio.Queue()
        for version, event in self._history[kind]:
            if version > since:
                queue.put_nowait(event)
        self._watchers[kind].add(queue)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        try:
            await response.prepare(request)
            while (event := await queue.get()) is not None:
                if _heard(event, namespace, request.query.get("labelSelector", "")) and not self.deaf:
                    await response.write(orjson.dumps(event) + b"\n")
        finally:
            self._watchers[kind].discard(queue)
        return response

    def _object(self, kind: Kind, namespace: str, name: str | None, seen: Seen) -> web.Response:
        if seen.method == "POST":
            name = seen.body["metadata"]["name"]
            if (namespace, name) in self.objects[kind]:
                return _status(409, "AlreadyExists", f'{kind.plural} "{name}" already exists')
            body = seen.body | {"metadata": seen.body["metadata"] | {"namespace": namespace}}
            return web.json_response(self.put(kind, body), status=201)
        held = self.objects[kind].get((namespace, name or ""))
        if held is None:
            return _status(404, "NotFound", f'{kind.plural} "{name}" not found')
        if seen.method == "GET":
            return web.json_response(held)
        if seen.method == "DELETE":
            return self._delete(kind, namespace, held, seen.body or {})
        wanted = (seen.body.get("metadata") or {}).get("resourceVersion") if isinstance(seen.body, dict) else None
        if wanted not in (None, held["metadata"]["resourceVersion"]):
            return _status(409, "Conflict", "the object has been modified")
        new = seen.body if seen.method == "PUT" else _merged(held, seen.body)
        return web.json_response(held if new == held else self.put(kind, new))

    def _delete(self, kind: Kind, namespace: str, held: Json, options: Json) -> web.Response:
        metadata = held["metadata"]
        if any(metadata[key] != value for key, value in (options.get("preconditions") or {}).items()):
            return _status(409, "Conflict", "the precondition failed")
        self.remove(kind, namespace, metadata["name"])
        return web.json_response({"kind": "Status", "status": "Success", "details": {"uid": metadata["uid"]}})


def _status(code: int, reason: str, message: str) -> web.Response:
    return web.json_response({"kind": "Status", "reason": reason, "message": message, "code": code}, status=code)


def _group(group: str, version: str) -> Json:
    served = {"groupVersion": f"{group}/{version}", "version": version}
    return {"name": group, "versions": [served], "preferredVersion": served}


def _selected(obj: Json, selector: str) -> bool:
    """`key`, `!key` and `key=value`, which is all that the operator asks for."""
    labels = obj["metadata"].get("labels") or {}
    for part in filter(None, selector.split(",")):
        key, equals, value = part.partition("=")
        if equals and labels.get(key) != value:
            return False
        if not equals and (key.lstrip("!") in labels) == key.startswith("!"):
            return False
    return True


def _heard(event: Json, namespace: str | None, selector: str) -> bool:
    if event["type"] == "ERROR":
        return True
    obj = event["object"]
    return namespace in (None, obj["metadata"].get("namespace")) and _selected(obj, selector)


def _merged(held: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(held) if isinstance(held, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value)
    return result
