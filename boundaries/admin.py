"""Territory in the administration: to be read. Units come by load_boundaries; an edition's name and legal act may be corrected."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from boundaries.models import Edition, Level, TopologyCheck, Unit, UnitShape, UnitSuccession
from boundaries.querysets import fold
from boundaries.topology.pages import page_of
from boundaries.topology.runs import ask_for_check, collection


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


EVERY_SECONDS = 3  # the page of a check under way is loaded again


def rehearsal_url(edition_id: object) -> str | None:
    """The page that says what putting an edition in force would do to reports; None where the site has none."""
    try:
        return reverse("reports:rehearsal", args=[edition_id])
    except NoReverseMatch:
        return None


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
        "units_by_level", "verification",
    ]  # fmt: skip
    readonly_fields = ["state", "valid_from", "valid_to", "loaded_at", "activated_at", "units_by_level", "verification"]
    change_form_template = "admin/boundaries/edition/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Edition]:
        """With how many units."""
        editions: QuerySet[Edition] = super().get_queryset(request)
        return editions.annotate(units_in_it=Count("units"))

    def get_urls(self) -> list[URLPattern]:
        """The verification of an edition, and its findings as a file."""
        page, file = self.admin_site.admin_view(self.topology), self.admin_site.admin_view(self.topology_geojson)
        return [
            path("<int:edition_id>/topology/", page, name="boundaries_edition_topology"),
            path("<int:edition_id>/topology.geojson", file, name="boundaries_edition_topology_geojson"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the way to the rehearsal, which is a page of reports."""
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "rehearsal_url": rehearsal_url(object_id)})

    def topology(self, request: HttpRequest, edition_id: int) -> HttpResponse:
        """What is wrong with the outlines of an edition; posted to, a worker looks for it anew."""
        edition = get_object_or_404(Edition, pk=edition_id)
        if not self.has_view_permission(request, edition):
            raise PermissionDenied
        if request.method == "POST":
            if not self.has_change_permission(request, edition):
                raise PermissionDenied
            ask_for_check(edition=edition)
            return redirect("admin:boundaries_edition_topology", edition.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Verification of outlines"),
            "opts": self.opts,
            "edition": edition,
            "units_count": edition.units.count(),
            "may_ask": self.has_change_permission(request, edition),
            "rehearsal_url": rehearsal_url(edition.pk),
            **page_of(edition, request.GET),
        }
        response = TemplateResponse(request, "admin/boundaries/edition/topology.html", context)
        if context["under_way"]:
            response["Refresh"] = str(EVERY_SECONDS)
        return response

    def topology_geojson(self, request: HttpRequest, edition_id: int) -> HttpResponse:
        """All findings of the last check, to open in QGIS."""
        check = get_object_or_404(TopologyCheck, edition=edition_id)
        if not self.has_view_permission(request, check.edition):
            raise PermissionDenied
        response = JsonResponse(collection(check), content_type="application/geo+json", json_dumps_params={"ensure_ascii": False})
        response["Content-Disposition"] = f'attachment; filename="topology-{check.edition_id}.geojson"'
        return response

    @admin.display(description=_("units"))
    def units_by_level(self, edition: Edition) -> str:
        """How many units of each level, with the way to them."""
        counts = edition.units.values_list("level").annotate(count=Count("pk")).order_by("level")
        address = reverse("admin:boundaries_unit_changelist")
        links = ((address, edition.pk, level, count, Level(level).label) for level, count in counts)
        listed = format_html_join("", '<li><a href="{}?edition__id__exact={}&amp;level__exact={}">{} {}</a></li>', links)
        return format_html("<ul>{}</ul>", listed) if listed else "–"

    @admin.display(description=_("verification"))
    def verification(self, edition: Edition) -> str:
        """What the last check found, with the way to it."""
        check = TopologyCheck.objects.filter(edition=edition).defer("findings").first()
        if check is None:
            text = str(_("not yet verified"))
        elif check.finished_at is None:
            text = check.get_state_display()
        else:
            counts = {"errors": check.errors, "warnings": check.warnings, "notes": check.notes}
            text = _("%(errors)s errors, %(warnings)s warnings, %(notes)s notes") % counts
        return format_html('<a href="{}">{}</a>', reverse("admin:boundaries_edition_topology", args=[edition.pk]), text)

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


@admin.register(UnitSuccession)
class SuccessionAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """What became of units; it comes by load_succession."""

    list_display = ["old", "old_code", "new", "new_code", "transfer", "share_in_words", "source"]
    list_filter = ["transfer", "source"]
    list_select_related = ["old", "new"]
    search_fields = ["old__code", "old__name", "new__code", "new__name"]
    ordering = ["old__code", "-share"]

    @admin.display(description=_("code of the former unit"), ordering="old__code")
    def old_code(self, row: UnitSuccession) -> str:
        """Code of the former unit."""
        return row.old.code

    @admin.display(description=_("code of the new unit"), ordering="new__code")
    def new_code(self, row: UnitSuccession) -> str:
        """Code of the new unit."""
        return row.new.code

    @admin.display(description=_("share"), ordering="share")
    def share_in_words(self, row: UnitSuccession) -> str:
        """The share in per cent."""
        return "–" if row.share is None else f"{number_format(100 * row.share, 2)} %"


@admin.register(Unit)
class UnitAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Units of all times."""

    list_display = ["name", "code", "level", "parent", "validity_in_words", "active", "edition"]
    list_filter = ["level", "active", "edition"]
    list_select_related = ["parent", "edition"]
    search_fields = ["code", "name"]
    search_help_text = _("Name, with or without tone marks, or code")
    fields = ["name", "code", "level", "kind", "parent", "edition", "validity_in_words", "active", "published_area_km2", "page"]
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
