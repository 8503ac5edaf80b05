"""What the read side keeps of its own; each part has its models in its package."""

from insights.planner.models import OwnFeature, OwnLayer, SavedQuery

__all__ = ["OwnFeature", "OwnLayer", "SavedQuery"]
