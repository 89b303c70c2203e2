"""What the pages show, as read from the warehouse. Rendering needs nothing else."""

from kvalitet.reports.model.audit import (
    Attempt,
    Build,
    Check,
    Entry,
    Load,
    LoadTable,
    ModelRun,
    Publication,
    RejectCount,
    TableDigest,
    Validation,
)
from kvalitet.reports.model.comparison import (
    Break,
    FollowUp,
    PlanLine,
    Reconciliation,
    RestatedFigure,
    Restatement,
    RiskLevel,
    TrendPoint,
    Triangulation,
)
from kvalitet.reports.model.figures import Freshness, Indicator, Overlap, Source, Statement, Value
from kvalitet.reports.model.published import Indicators

__all__ = [
    "Attempt",
    "Break",
    "Build",
    "Check",
    "Entry",
    "FollowUp",
    "Freshness",
    "Indicator",
    "Indicators",
    "Load",
    "LoadTable",
    "ModelRun",
    "Overlap",
    "PlanLine",
    "Publication",
    "Reconciliation",
    "RejectCount",
    "RestatedFigure",
    "Restatement",
    "RiskLevel",
    "Source",
    "Statement",
    "TableDigest",
    "TrendPoint",
    "Triangulation",
    "Validation",
    "Value",
]
