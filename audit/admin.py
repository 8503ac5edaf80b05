"""The record of changes in the administration: read-only, by newest, by person, by what was changed; and the way to it from each page."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from audit.acting import acting
from audit.models import Change

LONGEST = 300


class Recorded:
    """For an admin of a recorded model: changes are in the name of who is signed in, and “History” leads to the record."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Adding and changing."""
        with acting(actor_id=request.user.pk, cause="admin"):
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc,no-any-return]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Lists that can be edited, and actions."""
        with acting(actor_id=request.user.pk, cause="admin"):
            return super().changelist_view(request, *args, **kwargs)  # type: ignore[misc,no-any-return]

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Deleting."""
        with acting(actor_id=request.user.pk, cause="admin"):
            return super().delete_view(request, *args, **kwargs)  # type: ignore[misc,no-any-return]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The record of this row and of those that hang on it."""
        opts = self.model._meta  # type: ignore[attr-defined]
        return redirect(f"{reverse('admin:audit_change_changelist')}?about={opts.label_lower}:{object_id}")


class AboutFilter(admin.SimpleListFilter):
    """Changes of one thing, as its “History” asks for them; offered only while it is set."""

    title = _("about")
    parameter_name = "about"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The one thing."""
        found = self._asked()
        return [(str(self.value()), str(found[0]._default_manager.filter(pk=found[1]).first() or f"№ {found[1]}"))] if found else []

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Change]:
        """Its changes."""
        found = self._asked()
        return queryset.about(*found) if found else queryset  # type: ignore[no-any-return]

    def _asked(self) -> tuple[type[Model], int] | None:
        label, _colon, key = str(self.used_parameters.get(self.parameter_name) or "").partition(":")
        if not key.isdecimal() or len(key) > 18:
            return None
        try:
            return apps.get_model(label), int(key)
        except (LookupError, ValueError):
            return None


class SubjectFilter(admin.SimpleListFilter):
    """What sort of thing was changed."""

    title = _("what")
    parameter_name = "subject"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Those that occur."""
        return [
            (subject, Change(subject=subject).kind)
            for subject in Change.objects.order_by("subject").values_list("subject", flat=True).distinct()
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Change]) -> QuerySet[Change]:
        """Of one sort."""
        return queryset.filter(subject=self.value()) if self.value() else queryset


@admin.register(Change)
class ChangeAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Who changed what, and when. Nobody can change it here, nor anywhere."""

    list_display = ["at", "who", "action", "kind", "label", "different", "cause"]
    list_filter = [AboutFilter, "action", SubjectFilter]
    fields = ["at", "who", "cause", "action", "kind", "label", "differences", "number", "seal"]
    list_per_page = 50
    show_full_result_count = False
    date_hierarchy = "at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Change]:
        """With the names of those who acted."""
        people = get_user_model()._default_manager.filter(pk=OuterRef("actor_id"))
        changes: QuerySet[Change] = super().get_queryset(request)
        return changes.annotate(person=Subquery(people.values("full_name")[:1]), login=Subquery(people.values("username")[:1]))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    @admin.display(description=_("who"), ordering="actor_id")
    def who(self, change: Any) -> str:
        """The person; a dash for commands and jobs."""
        return change.person or change.login or (f"№ {change.actor_id}" if change.actor_id else "–")

    @admin.display(description=_("kind"), ordering="subject")
    def kind(self, change: Change) -> str:
        """What sort of thing."""
        return change.kind

    @admin.display(description=_("what"))
    def label(self, change: Change) -> str:
        """Which one."""
        return change.label

    @admin.display(description=_("different"))
    def different(self, change: Change) -> str:
        """The fields that were changed."""
        return ", ".join(_field(change, column)[0] for column in change.columns) if change.action == Change.Action.UPDATE else "–"

    @admin.display(description=_("before → after"))
    def differences(self, change: Change) -> str:
        """Each field with what it was and what it became."""
        before, after = change.before or {}, change.after or {}
        rows = ((_field(change, column)[0], _shown(change, column, before), _shown(change, column, after)) for column in change.columns)
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: {} → {}</li>", rows))

    @admin.display(description=_("hash"))
    def seal(self, change: Change) -> str:
        """Its hash."""
        return bytes(change.hash).hex()


def _field(change: Change, column: str) -> tuple[str, Any]:
    """The label of a column, and its field; the column's own name where there is none any more."""
    if change.model is not None:
        for name in (column, column.removesuffix("_id")):
            try:
                field = change.model._meta.get_field(name)
            except FieldDoesNotExist:
                continue
            return str(getattr(field, "verbose_name", name)), field
    return column, None


def _shown(change: Change, column: str, row: dict[str, Any]) -> str:
    """A value as people read it: of a key, what it names."""
    value = row.get(column)
    if value in (None, ""):
        return "–"
    field = _field(change, column)[1]
    if field is not None and field.is_relation and field.related_model is not None:
        named = field.related_model._default_manager.filter(pk=value).first()
        return str(named) if named is not None else f"№ {value}"
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    text = {True: _("yes"), False: _("no")}.get(value, value) if isinstance(value, bool) else value
    return str(text)[:LONGEST]
