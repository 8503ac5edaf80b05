"""Forms and widgets of the administration for what holds over a period: two days in place of a range, and names with their period."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminDateWidget, ForeignKeyRawIdWidget
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Model, QuerySet
from django.forms.models import InlineForeignKeyField
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from authorities.models import Body
from boundaries.models import Unit


class DatedForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A form of a model with `validity`, asked for as its first day and the first day after."""

    valid_from = forms.DateField(
        label=_("from"), required=False, widget=AdminDateWidget, help_text=_("Empty: since before our records begin")
    )
    valid_to = forms.DateField(
        label=_("until"),
        required=False,
        widget=AdminDateWidget,
        help_text=_("The first day on which it no longer held; empty: until further notice"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            self.initial.setdefault("valid_from", self.instance.validity.lower)
            self.initial.setdefault("valid_to", self.instance.validity.upper)

    def clean(self) -> dict[str, Any]:
        """Puts the two days together."""
        values = super().clean() or self.cleaned_data
        start, end = values.get("valid_from"), values.get("valid_to")
        if start and end and start >= end:
            self.add_error("valid_to", _("It must end after it begins."))
        elif "valid_from" in values and "valid_to" in values:
            self.instance.validity = DateRange(start, end)
        return values

    def validate_unique(self) -> None:
        """Checks in an inline also the rules that speak of the row above, which Django leaves to the database."""
        super().validate_unique()
        if not self.errors and any(isinstance(field, InlineForeignKeyField) for field in self.fields.values()):
            try:
                self.instance.validate_constraints(exclude=self._get_validation_exclusions())
            except forms.ValidationError as error:
                self.add_error(None, error)

    def _get_validation_exclusions(self) -> set[str]:
        """Rules over the period are checked although no field is called so; not while a day is wrong."""
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return excluded if {"valid_from", "valid_to"} & set(self.errors) else excluded - {"validity"}


class DatedFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """Dated rows of one page: the database refuses two at a time, here they are refused with a sentence."""

    def clean(self) -> None:
        """No two rows say the same of one time."""
        super().clean()
        seen: list[tuple[Any, DateRange]] = []
        for form in self.forms:
            untouched = form.instance.pk is None and not form.has_changed()
            if form.errors or untouched or form.cleaned_data.get("DELETE"):
                continue
            key = tuple(form.cleaned_data.get(name) for name in form._meta.fields or () if name != self.fk.name)
            mine = form.instance.validity
            if any(key == other and _overlap(mine, theirs) for other, theirs in seen):
                raise forms.ValidationError(_("The same row stands here twice for the same time."))
            seen.append((key, mine))


def _overlap(one: DateRange, other: DateRange) -> bool:
    starts = [day for day in (one.lower, other.lower) if day]
    ends = [day for day in (one.upper, other.upper) if day]
    return not starts or not ends or max(starts) < min(ends)


class InForceFilter(admin.SimpleListFilter):
    """Rows that hold today, before, or later."""

    title = _("in force")
    parameter_name = "in_force"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The three times."""
        return [("today", _("today")), ("before", _("before")), ("later", _("later"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the chosen time."""
        today = timezone.localdate()
        chosen = {
            "today": {"validity__contains": today},
            "before": {"validity__fully_lt": DateRange(today, None)},
            "later": {"validity__startswith__gt": today},
        }.get(self.value() or "")
        return queryset.filter(**chosen) if chosen else queryset


class WithItsPeriod(ForeignKeyRawIdWidget):
    """A raw id with the name, what it is part of, and its period: names and codes are used again."""

    def label_and_url_for_value(self, value: Any) -> tuple[str, str]:
        """The name in full, and the way to it; one query a row."""
        model = self.rel.model
        rows = model._default_manager.select_related("parent__parent") if model is Unit else model._default_manager
        row = rows.filter(pk=value).first() if str(value).isdigit() else None
        if row is None:
            return "", ""
        return in_full(row), reverse(f"{self.admin_site.name}:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk])


def in_full(row: Model) -> str:
    """A unit or body with its period: "Phường 2, Thành phố Cà Mau, Tỉnh Cà Mau (– 1/7/2025)"."""
    name = row.full_name() if isinstance(row, Unit) else str(row)
    return f"{name} ({period(row)})" if isinstance(row, Unit | Body) else name


def period(row: Any) -> str:
    """The validity of a row as two days."""
    return f"{_day(row.validity.lower)} – {_day(row.validity.upper)}".strip()


def _day(day: date | None) -> str:
    return date_format(day, "SHORT_DATE_FORMAT") if day else ""


class DatedAdmin:
    """For an admin or an inline of dated rows: raw ids say the period, lists show it."""

    admin_site: admin.AdminSite

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Units and bodies by a raw id that says their period."""
        if db_field.remote_field.model in (Unit, Body):
            kwargs["widget"] = WithItsPeriod(db_field.remote_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    @admin.display(description=_("from"), ordering="validity__startswith")
    def starts(self, row: Any) -> str:
        """The first day."""
        return _day(row.validity.lower) or "–"

    @admin.display(description=_("until"), ordering="validity__endswith")
    def ends(self, row: Any) -> str:
        """The first day after."""
        return _day(row.validity.upper) or "–"
