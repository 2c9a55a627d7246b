"""Settings of the operator: flags, then environment (`FERRATA_<NAME>`), then defaults; checked as a whole at start.

The flags of Argo Rollouts' controller are understood, so that its Deployment's arguments can be kept. Those that say
nothing here are accepted with a warning (`Settings.ignored_flags`), never silently.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from ferrata.errors import SettingsRejected

_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")

WITHOUT_EFFECT: Mapping[str, bool] = {
    # flag of the peer -> whether it takes a value
    "alb-ingress-classes": True,
    "alb-tag-key-resource-id": True,
    "alb-verify-weight": False,
    "ambassador-api-version": True,
    "apisix-api-version": True,
    "appmesh-crd-version": True,
    "aws-target-group-binding-api-version": True,
    "aws-verify-target-group": False,
    "controllers": True,
    "enable-pprof-address": True,
    "ephemeral-metadata-threads": True,
    "ephemeral-metadata-update-pod-retries": True,
    "ingress-api-version": True,
    "ingress-threads": True,
    "istio-api-version": True,
    "kloglevel": True,
    "nginx-ingress-classes": True,
    "self-service-notification-enabled": False,
    "service-threads": True,
    "traefik-api-group": True,
    "traefik-api-version": True,
    "traffic-split-api-version": True,
}


def seconds_of(value: object) -> object:
    """Seconds of a Go duration (`1m30s`) or of a bare number; anything else is left for validation to refuse."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text and _DURATION.sub("", text) == "":
        return sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(text))
    return text


def own_namespace(environ: Mapping[str, str] = os.environ, file: Path = _NAMESPACE_FILE) -> str:
    """The namespace this process runs in: POD_NAMESPACE, else the ServiceAccount's, else `argo-rollouts`."""
    if named := environ.get("POD_NAMESPACE"):
        return named
    return (file.read_text().strip() if file.exists() else "") or "argo-rollouts"


Seconds = Annotated[float, BeforeValidator(seconds_of), Field(gt=0)]
Threads = Annotated[int, Field(ge=1, le=1000)]
Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """What the operator was told. All durations are seconds."""

    model_config = SettingsConfigDict(env_prefix="FERRATA_", frozen=True, extra="ignore")

    instance_id: str = Field("", description="Serve only objects labelled with this instance id")
    namespaced: bool = Field(False, description="Only one namespace: that of --namespace, or the operator's own")
    namespace: str = Field("", description="The one namespace to serve (default: all)")
    controller_namespace: str = Field(
        default_factory=own_namespace, description="Where the operator itself runs: its Lease is there"
    )
    kubeconfig: str = Field("", description="Path of a kubeconfig (default: in-cluster, else the user's own)")
    context: str = Field("", description="Context in the kubeconfig")
    rollout_threads: Threads = Field(10, description="Rollouts brought forward at once")
    analysis_threads: Threads = Field(30, description="AnalysisRuns brought forward at once")
    experiment_threads: Threads = Field(10, description="Experiments brought forward at once")
    rollout_resync: Seconds = Field(900, description="Time between sweeps of live state, the net under the watches")
    qps: float = Field(400, gt=0, description="Requests a second to the API server, over time")
    burst: int = Field(800, ge=1, description="Requests to the API server at once")
    request_timeout: Seconds = Field(15, description="Time limit of one request to the API server")
    bind_address: str = Field("", description="Address of the HTTP servers (default: all)")
    metrics_port: Port = Field(8090, description="Port of /metrics")
    healthz_port: Port = Field(8080, description="Port of /healthz and /readyz")
    leader_elect: bool = Field(True, description="Act only while holding the Lease")
    leader_election_lease_duration: Seconds = Field(15, description="How long a Lease holds without renewal")
    leader_election_renew_deadline: Seconds = Field(
        10, description="How long the leader tries to renew before it stops"
    )
    leader_election_retry_period: Seconds = Field(2, description="Time between attempts")
    loglevel: Literal["debug", "info", "warn", "warning", "error"] = Field(
        "info", description="Least level of log lines"
    )
    logformat: Literal["json", "text"] = Field("json", description="Form of log lines")
    ignored_flags: tuple[str, ...] = Field((), exclude=True)

    @property
    def watched_namespace(self) -> str | None:
        """The one namespace that is watched; None for all."""
        if self.namespace:
            return self.namespace
        return self.controller_namespace if self.namespaced else None

    @property
    def lease_name(self) -> str:
        """The Lease that Argo Rollouts uses too, so that the two can never act at once."""
        return "argo-rollouts-controller-lock" + (f"-{self.instance_id}" if self.instance_id else "")

    @model_validator(mode="after")
    def _lease_times(self) -> Self:
        lease, renew, retry = (
            self.leader_election_lease_duration,
            self.leader_election_renew_deadline,
            self.leader_election_retry_period,
        )
        if not lease > renew > 1.2 * retry:
            raise ValueError(
                f"--leader-election-lease-duration ({lease:g} s) must be above --leader-election-renew-deadline "
                f"({renew:g} s), and that above 1.2 times --leader-election-retry-period ({retry:g} s)"
            )
        if lease < 1:
            raise ValueError(f"--leader-election-lease-duration ({lease:g} s) must be at least 1 s")
        return self


def parse(arguments: Sequence[str], version: str) -> Settings:
    """The settings that flags and environment make.

    `--help` and `--version` print and raise SystemExit(0). Raises SettingsRejected with one sentence per problem.
    """
    flags, unknown = _parser(version).parse_known_args(list(arguments))
    given = {name: value for name, value in vars(flags).items() if value is not None}
    ignored = tuple(sorted(f"--{name}" for name in WITHOUT_EFFECT if given.pop(_dest(name), None) is not None))
    problems = [f"{word}: no such flag or argument; --help lists them" for word in unknown]
    try:
        settings = Settings(**given, ignored_flags=ignored)
    except ValidationError as error:
        raise SettingsRejected([*problems, *map(_sentence, error.errors())]) from error
    if problems:
        raise SettingsRejected(problems)
    return settings


def _dest(flag: str) -> str:
    return flag.replace("-", "_")


def _flags_of(name: str) -> list[str]:
    spelled = f"--{name.replace('_', '-')}"
    peer = {"metrics_port": ["--metricsPort", "--metricsport"], "healthz_port": ["--healthzPort"]}
    return [spelled, *peer.get(name, [])]


def _parser(version: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ferrata operator",
        description="Progressive delivery for Kubernetes. Every flag can also be set as FERRATA_<NAME>.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=version)
    for name, field in Settings.model_fields.items():
        if not field.exclude:
            parser.add_argument(*_flags_of(name), dest=name, default=None, help=_help(field), **_shape(field))
    for flag, takes_value in WITHOUT_EFFECT.items():
        shape: dict[str, Any] = {} if takes_value else {"nargs": "?", "const": "true"}
        parser.add_argument(f"--{flag}", dest=_dest(flag), default=None, help=argparse.SUPPRESS, **shape)
    return parser


def _shape(field: FieldInfo) -> dict[str, Any]:
    """A switch may stand alone or carry `=false`, as in Go; everything else takes one value."""
    return {"nargs": "?", "const": "true", "metavar": "true|false"} if field.annotation is bool else {"metavar": "X"}


def _help(field: FieldInfo) -> str:
    default = field.get_default()
    shown = "" if default in ("", None) else f" (default: {str(default).lower()})"
    return f"{field.description}{shown}".replace("%", "%%")


def _sentence(problem: Any) -> str:
    """One sentence that names the flag, what was given and what is wrong with it."""
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not problem["loc"]:
        return message
    name = str(problem["loc"][0]).removeprefix("FERRATA_").lower()
    return f"--{name.replace('_', '-')} (FERRATA_{name.upper()}) is {problem['input']!r}: {message}"
