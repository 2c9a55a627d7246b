"""One short loop per kind: observe, decide, execute, publish, and when to look again."""

from __future__ import annotations

import os

from ferrata.cluster.controller import Controller
from ferrata.cluster.kinds import ANALYSIS_TEMPLATES, CLUSTER_ANALYSIS_TEMPLATES, REPLICA_SETS
from ferrata.cluster.machinery import Machinery
from ferrata.execute.measure import Backends
from ferrata.observe.rollout import trim_replica_set
from ferrata.reconcile.analysis import AnalysisRunController
from ferrata.reconcile.rollout import RolloutController
from ferrata.reconcile.services import ServiceController
from ferrata.reconcile.templates import TemplateController


def build(machinery: Machinery) -> list[Controller]:
    """The controllers of this process; call it before the first object enters the cache."""
    machinery.cache.set_trim(REPLICA_SETS, trim_replica_set)
    default = os.environ.get("ARGO_ROLLOUTS_PROMETHEUS_ADDRESS", "")
    templates = [TemplateController(machinery, kind) for kind in (ANALYSIS_TEMPLATES, CLUSTER_ANALYSIS_TEMPLATES)]
    runs = AnalysisRunController(machinery, Backends(), default)
    return [RolloutController(machinery), runs, ServiceController(machinery), *templates]
