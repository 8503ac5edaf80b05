"""Territory in the administration: to be read. Units come by load_boundaries; an edition's name and legal act may be corrected."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from boundaries.models import Edition, Level, Unit, UnitShape
from boundaries.querysets import fold


class ReadOnly:
    """Shown, never made, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


class EditionForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """What may be corrected of an edition."""

    decree_url = forms.URLField(label=_("address of the decree"), required=False, assume_scheme="https", max_length=500)

    class Meta:
        model = Edition
        fields = ["name", "decree", "decree_date", "decree_url", "scope", "source"]


@admin.register(Edition)
class EditionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Sets of units. Their state and time change by commands only, which also take care of reports."""

    form = EditionForm
    list_display = ["name", "state", "valid_from", "valid_to", "decree", "units", "activated_at"]
    list_filter = ["state"]
    search_fields = ["name", "decree", "scope", "source"]
    fields = [
        "name", "decree", "decree_date", "decree_url", "scope", "source", "state", ("valid_from", "valid_to"), ("loaded_at", "activated_at"),
    ]  # fmt: skip
    readonly_fields = ["state", "valid_from", "valid_to", "loaded_at", "activated_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Edition]:
        """With how many units."""
        editions: QuerySet[Edition] = super().get_queryset(request)
        return editions.annotate(units_in_it=Count("units"))

    @admin.display(description=_("units"), ordering="units_in_it")
    def units(self, edition: Any) -> int:
        """How many units it has."""
        return int(edition.units_in_it)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: load_boundaries makes editions."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: an edition is withdrawn, not deleted."""
        return False


class ShapeInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    """The revisions of an outline, without the outline itself."""

    model = UnitShape
    fields = ["revision", "source", "schematic", "current", "loaded_at"]
    ordering = ["-revision"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[UnitShape]:
        """Without geometries, which are large."""
        return super().get_queryset(request).defer("geometry")


@admin.register(Unit)
class UnitAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Units of all times."""

    list_display = ["name", "code", "level", "parent", "validity_in_words", "active", "edition"]
    list_filter = ["level", "active", "edition"]
    list_select_related = ["parent", "edition"]
    search_fields = ["code", "name"]
    search_help_text = _("Name, with or without tone marks, or code")
    fields = ["name", "code", "level", "kind", "parent", "edition", "validity_in_words", "active", "page"]
    inlines = [ShapeInline]
    ordering = ["code", "validity"]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Unit], search_term: str) -> tuple[QuerySet[Unit], bool]:
        """Whatever the case and tone marks."""
        words = search_term.strip()
        return (queryset.filter(pk__in=Unit.objects.called(words).values("pk")) if fold(words) else queryset), False

    @admin.display(description=_("in force"), ordering="validity")
    def validity_in_words(self, unit: Unit) -> str:
        """From the first day to the first day after."""
        first, after = (date_format(day, "SHORT_DATE_FORMAT") if day else "" for day in (unit.valid_from, unit.valid_to))
        return f"{first} – {after}".strip()

    @admin.display(description=_("page"))
    def page(self, unit: Unit) -> str:
        """The public page with the outline; districts and provinces have none."""
        if unit.level != Level.COMMUNE:
            return "–"
        return format_html('<a href="{}">{}</a>', unit.get_absolute_url(), unit.name)
