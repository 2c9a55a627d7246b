"""`trafficRouting` of a canary: one model per router, with every field that `argoproj.io/v1alpha1` has for it."""

from __future__ import annotations

from pydantic import Field

from ferrata.api.written import Flag, Int32, Int64, LabelSelector, Opaque, Text, TextMap, Texts, Written


class TlsRoute(Written):
    """TLS routes of a VirtualService by port and names."""

    port: Int64 | None = None
    sni_hosts: Texts | None = None


class TcpRoute(Written):
    """TCP routes of a VirtualService by port."""

    port: Int64 | None = None


class IstioVirtualService(Written):
    """A VirtualService, and which of its routes are managed."""

    REQUIRED = ("name",)
    name: Text | None = None
    routes: Texts | None = None
    tls_routes: tuple[TlsRoute, ...] | None = None
    tcp_routes: tuple[TcpRoute, ...] | None = None


class IstioDestinationRule(Written):
    """A DestinationRule, and its subsets for both sides."""

    REQUIRED = ("name", "canarySubsetName", "stableSubsetName")
    name: Text | None = None
    canary_subset_name: Text | None = None
    stable_subset_name: Text | None = None
    additional_subset_names: Texts | None = None


class Istio(Written):
    """Istio: either one VirtualService or several."""

    virtual_service: IstioVirtualService | None = None
    virtual_services: tuple[IstioVirtualService, ...] | None = None
    destination_rule: IstioDestinationRule | None = None


class Nginx(Written):
    """Ingress NGINX: a canary Ingress beside each stable one."""

    annotation_prefix: Text | None = None
    stable_ingress: Text | None = None
    stable_ingresses: Texts | None = None
    additional_ingress_annotations: TextMap | None = None
    canary_ingress_annotations: TextMap | None = None


class Stickiness(Written):
    """Keeps a client at one target group for a while."""

    REQUIRED = ("enabled", "durationSeconds")
    enabled: Flag | None = None
    duration_seconds: Int64 | None = None


class Alb(Written):
    """Amazon's application load balancer, by annotations of Ingresses."""

    REQUIRED = ("servicePort",)
    ingress: Text | None = None
    ingresses: Texts | None = None
    service_port: Int32 | None = None
    root_service: Text | None = None
    annotation_prefix: Text | None = None
    stickiness_config: Stickiness | None = None


class Smi(Written):
    """A TrafficSplit of the Service Mesh Interface."""

    root_service: Text | None = None
    traffic_split_name: Text | None = None


class Ambassador(Written):
    """Mappings of Emissary."""

    REQUIRED = ("mappings",)
    mappings: Texts | None = None


class AppMeshVirtualService(Written):
    """A VirtualService of App Mesh, and which of its routes are managed."""

    REQUIRED = ("name",)
    name: Text | None = None
    routes: Texts | None = None


class AppMeshNode(Written):
    """A VirtualNode."""

    REQUIRED = ("name",)
    name: Text | None = None


class AppMeshNodes(Written):
    """The VirtualNodes of both sides."""

    REQUIRED = ("canaryVirtualNodeRef", "stableVirtualNodeRef")
    canary_virtual_node_ref: AppMeshNode | None = None
    stable_virtual_node_ref: AppMeshNode | None = None


class AppMesh(Written):
    """Amazon's App Mesh."""

    virtual_service: AppMeshVirtualService | None = None
    virtual_node_group: AppMeshNodes | None = None


class Traefik(Written):
    """A weighted TraefikService."""

    REQUIRED = ("weightedTraefikServiceName",)
    weighted_traefik_service_name: Text | None = None


class ApisixRoute(Written):
    """An ApisixRoute, and which of its rules are managed."""

    REQUIRED = ("name",)
    name: Text | None = None
    rules: Texts | None = None


class Apisix(Written):
    """Apache APISIX."""

    route: ApisixRoute | None = None


class GatewayRoute(Written):
    """A route of Gateway API by name."""

    REQUIRED = ("name",)
    name: Text | None = None
    use_header_routes: Flag | None = None


class GatewayApi(Written):
    """Routes of Gateway API; the same fields as the configuration of the plugin `argoproj-labs/gatewayAPI`."""

    namespace: Text | None = None
    http_route: Text | None = None
    grpc_route: Text | None = None
    tcp_route: Text | None = None
    tls_route: Text | None = None
    http_routes: tuple[GatewayRoute, ...] | None = None
    grpc_routes: tuple[GatewayRoute, ...] | None = None
    tcp_routes: tuple[GatewayRoute, ...] | None = None
    tls_routes: tuple[GatewayRoute, ...] | None = None
    http_route_selector: LabelSelector | None = None
    grpc_route_selector: LabelSelector | None = None
    tcp_route_selector: LabelSelector | None = None
    tls_route_selector: LabelSelector | None = None
    config_map: Text | None = None
    disable_in_progress_label: Flag | None = None
    in_progress_label_key: Text | None = None
    in_progress_label_value: Text | None = None


class ManagedRoute(Written):
    """A route that steps may create, by name."""

    REQUIRED = ("name",)
    name: Text | None = None


class TrafficRouting(Written):
    """Routers that split the traffic; `maxTrafficWeight` is what their weights add up to."""

    istio: Istio | None = None
    nginx: Nginx | None = None
    alb: Alb | None = None
    smi: Smi | None = None
    ambassador: Ambassador | None = None
    app_mesh: AppMesh | None = None
    traefik: Traefik | None = None
    apisix: Apisix | None = None
    gateway_api: GatewayApi | None = Field(default=None, alias="gatewayAPI")
    plugins: Opaque | None = None
    managed_routes: tuple[ManagedRoute, ...] | None = None
    max_traffic_weight: Int32 | None = None
