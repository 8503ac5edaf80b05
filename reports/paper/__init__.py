"""Paper: a template of our own becomes a PDF. Nothing is fetched: the style sheet and the pictures are handed over in memory."""

from reports.paper.render import Busy, pdf

__all__ = ["Busy", "pdf"]
