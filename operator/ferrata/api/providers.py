"""Where a metric is measured: one model per provider, with every field that `argoproj.io/v1alpha1` has for it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ferrata.api.written import (
    Flag,
    Int64,
    IntOrString,
    JobSpec,
    Opaque,
    OpenApi,
    PodTemplateMetadata,
    Text,
    TextMap,
    Texts,
    Written,
)


class Header(Written):
    """One HTTP header."""

    REQUIRED = ("key", "value")
    key: Text | None = None
    value: Text | None = None


class BasicAuth(Written):
    """User name and password."""

    username: Text | None = None
    password: Text | None = None


class OAuth2(Written):
    """The client-credentials flow."""

    token_url: Text | None = None
    client_id: Text | None = None
    client_secret: Text | None = None
    scopes: Texts | None = None


class SigV4(Written):
    """Signed requests to Amazon's services."""

    region: Text | None = None
    profile: Text | None = None
    role_arn: Text | None = None


class Authentication(Written):
    """How a request proves who asks."""

    basic_auth: BasicAuth | None = None
    oauth2: OAuth2 | None = None
    sigv4: SigV4 | None = None


class RangeQuery(Written):
    """Asks for a span of time; `start` and `end` are expressions that give a time."""

    start: Text | None = None
    end: Text | None = None
    step: Text | None = None


class Prometheus(Written):
    """A query to Prometheus; `timeout` is in seconds."""

    address: Text | None = None
    query: Text | None = None
    insecure: Flag | None = None
    headers: tuple[Header, ...] | None = None
    timeout: Int64 | None = None
    authentication: Authentication | None = None
    range_query: RangeQuery | None = None


class Web(Written):
    """A JSON document fetched over HTTP."""

    REQUIRED = ("url",)
    url: Text | None = None
    method: Text | None = None
    headers: tuple[Header, ...] | None = None
    body: Text | None = None
    json_body: Opaque | None = None
    timeout_seconds: Int64 | None = None
    json_path: Text | None = None
    insecure: Flag | None = None
    authentication: Authentication | None = None


class DatadogSecret(Written):
    """The Secret with Datadog's keys; `namespaced` when it lies beside the run."""

    name: Text | None = None
    namespaced: Flag | None = None


class Datadog(Written):
    """A query to Datadog."""

    query: Text | None = None
    queries: TextMap | None = None
    formula: Text | None = None
    interval: Annotated[Text, OpenApi({"type": "string", "default": "5m"})] | None = None
    api_version: (
        Annotated[Literal["v1", "v2"], OpenApi({"type": "string", "enum": ["v1", "v2"], "default": "v1"})] | None
    ) = None
    aggregator: Literal["avg", "min", "max", "sum", "last", "percentile", "mean", "l2norm", "area"] | None = None
    secret_ref: DatadogSecret | None = None
    request_timeout: Annotated[Text, OpenApi({"type": "string", "default": "10s"})] | None = None


class NewRelic(Written):
    """An NRQL query to New Relic; `timeout` is in seconds."""

    REQUIRED = ("query",)
    profile: Text | None = None
    query: Text | None = None
    timeout: Int64 | None = None


class Dimension(Written):
    """One dimension of a CloudWatch metric."""

    name: Text | None = None
    value: Text | None = None


class CloudWatchMetric(Written):
    """A CloudWatch metric by name."""

    namespace: Text | None = None
    metric_name: Text | None = None
    dimensions: tuple[Dimension, ...] | None = None


class CloudWatchStat(Written):
    """A statistic of a CloudWatch metric; `period` is in seconds."""

    metric: CloudWatchMetric | None = None
    period: IntOrString | None = None
    stat: Text | None = None
    unit: Text | None = None


class CloudWatchQuery(Written):
    """One query of a CloudWatch request."""

    id: Text | None = None
    expression: Text | None = None
    label: Text | None = None
    metric_stat: CloudWatchStat | None = None
    period: IntOrString | None = None
    return_data: Flag | None = None


class CloudWatch(Written):
    """Queries to CloudWatch over the last `interval`."""

    REQUIRED = ("metricDataQueries",)
    interval: Text | None = None
    metric_data_queries: tuple[CloudWatchQuery, ...] | None = None


class KayentaThreshold(Written):
    """Scores from which a canary passes, or is marginal."""

    REQUIRED = ("pass", "marginal")
    pass_: Int64 | None = Field(default=None, alias="pass")
    marginal: Int64 | None = None


class ScopeDetail(Written):
    """What one side of a Kayenta comparison looks at; `step` is in seconds."""

    REQUIRED = ("scope", "region", "step")
    scope: Text | None = None
    region: Text | None = None
    step: Int64 | None = None
    start: Text | None = None
    end: Text | None = None


class KayentaScope(Written):
    """Both sides of a Kayenta comparison."""

    REQUIRED = ("name", "controlScope", "experimentScope")
    name: Text | None = None
    control_scope: ScopeDetail | None = None
    experiment_scope: ScopeDetail | None = None


class Kayenta(Written):
    """A canary judgement by Kayenta."""

    REQUIRED = (
        "address",
        "application",
        "canaryConfigName",
        "metricsAccountName",
        "configurationAccountName",
        "storageAccountName",
        "threshold",
        "scopes",
    )
    address: Text | None = None
    application: Text | None = None
    canary_config_name: Text | None = None
    metrics_account_name: Text | None = None
    configuration_account_name: Text | None = None
    storage_account_name: Text | None = None
    threshold: KayentaThreshold | None = None
    scopes: tuple[KayentaScope, ...] | None = None
    lookback: Flag | None = None


class Job(Written):
    """A Kubernetes Job whose end is the verdict."""

    REQUIRED = ("spec",)
    metadata: PodTemplateMetadata | None = None
    spec: JobSpec | None = None


class AddressedQuery(Written):
    """A query to a server at an address."""

    address: Text | None = None
    query: Text | None = None


class SkyWalking(AddressedQuery):
    """A GraphQL query to SkyWalking over the last `interval`."""

    interval: Text | None = None


class InfluxDb(Written):
    """A Flux query; `profile` names the Secret with the server's address."""

    profile: Text | None = None
    query: Text | None = None


class Provider(Written):
    """Exactly one of these."""

    prometheus: Prometheus | None = None
    kayenta: Kayenta | None = None
    web: Web | None = None
    datadog: Datadog | None = None
    wavefront: AddressedQuery | None = None
    new_relic: NewRelic | None = None
    job: Job | None = None
    cloud_watch: CloudWatch | None = None
    graphite: AddressedQuery | None = None
    influxdb: InfluxDb | None = None
    skywalking: SkyWalking | None = None
    plugin: Opaque | None = None
