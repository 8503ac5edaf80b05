"""The record of changes. Triggers write it (`audit.triggers`); the database refuses to change or delete it."""

from __future__ import annotations

from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _


class ChangeQuerySet(models.QuerySet["Change"]):
    """Changes of administrators."""

    def about(self, model: type[models.Model], pk: int) -> Self:
        """Those of a row, and of the rows that hang on it: a body's territories and memberships, a category's rules."""
        wanted = Q(subject=model._meta.db_table, subject_id=pk)
        for relation in model._meta.related_objects:
            column = getattr(relation.field, "column", None)
            if column and (relation.one_to_many or relation.one_to_one):
                rows = Q(subject=relation.related_model._meta.db_table)
                wanted |= rows & (Q(**{f"before__{column}": pk}) | Q(**{f"after__{column}": pk}))
        return self.filter(wanted)


class Change(models.Model):
    """One change of one row: who, when, what it was and what it became. Chained per row; the hash covers all of it and the change before."""

    class Action(models.TextChoices):
        INSERT = "insert", _("made")
        UPDATE = "update", _("changed")
        DELETE = "delete", _("deleted")

    subject = models.CharField(_("what"), max_length=63, help_text="The table")
    subject_id = models.BigIntegerField()
    number = models.PositiveIntegerField(_("number"))
    at = models.DateTimeField(_("when"))
    action = models.CharField(_("action"), max_length=10, choices=Action.choices)
    actor_id = models.BigIntegerField(null=True)
    cause = models.CharField(_("by way of"), max_length=100, blank=True)
    before = models.JSONField(null=True, help_text="The row as it was")
    after = models.JSONField(null=True, help_text="What it became; of a changed row, what is different")
    hash = models.BinaryField(max_length=32)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        ordering = ["-at", "-pk"]
        constraints = [UniqueConstraint(fields=["subject", "subject_id", "number"], name="change_number_once_a_row")]
        indexes = [models.Index(fields=["-at", "-id"], name="change_newest")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.label}"

    @property
    def model(self) -> type[models.Model] | None:
        """The model of the table; None for one that is no more."""
        return next((model for model in apps.get_models(include_auto_created=True) if model._meta.db_table == self.subject), None)

    @property
    def kind(self) -> str:
        """What sort of thing was changed."""
        return str(self.model._meta.verbose_name) if self.model else self.subject

    @property
    def label(self) -> str:
        """Which one, as it was called then."""
        row: dict[str, Any] = self.before or self.after or {}
        named = next((row[key] for key in ("name", "full_name", "username", "code", "role", "note") if row.get(key)), "")
        return f"{named} (№ {self.subject_id})".strip()

    @property
    def columns(self) -> list[str]:
        """What is different."""
        return sorted(self.after or self.before or {})


class Head(models.Model):
    """The last change of a row as of the newest published root: so that a cut-off end shows."""

    subject = models.CharField(max_length=63)
    subject_id = models.BigIntegerField()
    number = models.PositiveIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [UniqueConstraint(fields=["subject", "subject_id"], name="head_once_a_row")]
