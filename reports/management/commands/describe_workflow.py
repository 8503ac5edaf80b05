"""Writes docs/workflow.md from the table of steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from reports.workflow_docs import page


class Command(BaseCommand):
    """The page about the workflow, as the code is."""

    help = "Writes docs/workflow.md from the table of steps; --check only says whether it is up to date."

    def add_arguments(self, parser: CommandParser) -> None:
        """One option."""
        parser.add_argument("--check", action="store_true", help="write nothing; fail where the page is not up to date")

    def handle(self, *args: Any, **options: Any) -> None:
        """Writes, or compares."""
        path = Path(settings.BASE_DIR) / "docs" / "workflow.md"
        if not options["check"]:
            path.write_text(page(), encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != page():
            raise CommandError("docs/workflow.md does not say what reports/workflow.py does: run `manage.py describe_workflow`.")
