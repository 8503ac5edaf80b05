"""What the read side keeps of its own; each part has its models in its package."""

from insights.exports.models import DataFile
from insights.figures.models import (
    FigureCell,
    FigureCellOfAll,
    FigureCellOfMonth,
    FigureCellOfSpan,
    FigureChange,
    FigureFact,
    FigureOpinion,
    FigurePlace,
    FigureReport,
    FigureSpread,
    FigureSpreadOfAll,
    FigureSpreadOfMonth,
    FigureSpreadOfSpan,
)
from insights.hotspots.models import EarlyWarning, WarningMail
from insights.planner.models import OwnFeature, OwnLayer, SavedQuery
from insights.pyramid.models import CellCount, CellTotal, Delta, DenseCell, Folding, Pyramid

__all__ = [
    "CellCount",
    "CellTotal",
    "DataFile",
    "Delta",
    "DenseCell",
    "EarlyWarning",
    "FigureCell",
    "FigureCellOfAll",
    "FigureCellOfMonth",
    "FigureCellOfSpan",
    "FigureChange",
    "FigureFact",
    "FigureOpinion",
    "FigurePlace",
    "FigureReport",
    "FigureSpread",
    "FigureSpreadOfAll",
    "FigureSpreadOfMonth",
    "FigureSpreadOfSpan",
    "Folding",
    "OwnFeature",
    "OwnLayer",
    "Pyramid",
    "SavedQuery",
    "WarningMail",
]
