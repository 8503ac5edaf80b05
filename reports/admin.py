"""Reports in the administration: to be read, without contacts; and the mails that could not be sent."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from audit.admin import Recorded
from authorities.deadline_models import DayChange
from authorities.ordered import Ordered
from boundaries.admin import ReadOnly
from reports.deadlines.recount import recounted
from reports.models import Message, ReplyTemplate, Report, ReportEvent
from reports.notifications import send_again


class EventInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    """The history of a report, which nobody can change."""

    model = ReportEvent
    fields = ["at", "kind", "status_before", "status_after", "body", "public"]


@admin.register(Report)
class ReportAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Reports. What is done with them is done at the desk; who sent them stands nowhere here."""

    list_display = ["readable_code", "category", "unit", "authority", "status", "filed_at", "due_at", "published_at"]
    list_filter = ["status", "category", "channel", "ambiguous", "method"]
    list_select_related = ["category", "unit", "authority"]
    search_fields = ["code", "description"]
    date_hierarchy = "filed_at"
    show_full_result_count = False
    fields = [
        "readable_code", "status", "category", "description", "place_note", "spot", "accuracy_m", "unit", "method", "distance_m", "ambiguous",
        "authority", "authority_at_closing", "officer", "severity", "channel", "language", "filed_at", "observed_at", "due_at", "closed_at",
        "published_at", "changed_at", "return_reason", "version", "page",
    ]  # fmt: skip
    inlines = [EventInline]
    ordering = ["-filed_at", "-pk"]

    @admin.display(description=_("code"), ordering="code")
    def readable_code(self, report: Report) -> str:
        """The code, grouped for reading."""
        return report.readable_code

    @admin.display(description=_("spot"))
    def spot(self, report: Report) -> str:
        """Latitude and longitude."""
        return f"{report.location.y:.6f}, {report.location.x:.6f}"

    @admin.display(description=_("page"))
    def page(self, report: Report) -> str:
        """The public page."""
        return format_html('<a href="{}">{}</a>', report.get_absolute_url(), report.readable_code)


@admin.register(ReplyTemplate)
class ReplyTemplateAdmin(Ordered):
    """Replies that are written often."""

    list_display = ["name", "body", "category", "position"]
    list_filter = ["category"]
    list_select_related = ["body", "category"]
    search_fields = ["name", "text", "body__name"]
    autocomplete_fields = ["body"]


class StateFilter(admin.SimpleListFilter):
    """Mails by state; those that failed for good unless another is asked for."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The states, and all."""
        return [*Message.State.choices, ("all", _("all"))]

    def choices(self, changelist: Any) -> Any:
        """Without Django's own “all”, which is not the default here."""
        for value, label in self.lookup_choices:
            yield {
                "selected": self.wanted() == value,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": label,
            }

    def wanted(self) -> str:
        """The chosen state."""
        return self.value() or Message.State.FAILED

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the chosen state."""
        return queryset if self.wanted() == "all" else queryset.filter(state=self.wanted())


@admin.register(Message)
class MessageAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Mails to followers, the failed ones first; addresses are not shown."""

    list_display = ["about", "purpose", "state", "attempts", "error", "created_at", "sent_at"]
    list_filter = [StateFilter, "purpose"]
    list_select_related = ["follow__report", "unit_follow__unit", "person"]
    fields = ["about", "purpose", "state", "attempts", "error", "created_at", "sent_at"]
    ordering = ["-created_at", "-pk"]
    actions = ["send_chosen_again"]
    show_full_result_count = False

    @admin.display(description=_("about"))
    def about(self, message: Message) -> str:
        """Which report or unit it is about."""
        if message.follow:
            return message.follow.report.readable_code
        if message.person:
            return str(message.person)
        return message.unit_follow.unit.dated_name if message.unit_follow else "–"

    @admin.action(description=_("Send again"))
    def send_chosen_again(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        """Puts those that failed for good back among the waiting."""
        sent = sum(send_again(message) for message in queryset)
        text = ngettext("%(count)d mail is on its way again.", "%(count)d mails are on their way again.", sent)
        self.message_user(request, text % {"count": sent}, messages.SUCCESS if sent else messages.WARNING)


@admin.register(DayChange)
class DayChangeAdmin(Recorded, admin.ModelAdmin):  # type: ignore[type-arg]
    """Days that are worked or not, otherwise than the calendar says. Here and not with the bodies: what is changed moves due dates of reports."""

    list_display = ["day", "works", "note"]
    list_filter = ["works"]
    search_fields = ["note"]
    date_hierarchy = "day"
    fields = ["day", "works", "note"]

    def save_model(self, request: HttpRequest, obj: DayChange, form: Any, change: bool) -> None:
        """Open reports keep the working time that they have left."""
        with recounted():
            super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: DayChange) -> None:
        """Likewise."""
        with recounted():
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[DayChange]) -> None:
        """Likewise, several at once."""
        with recounted():
            super().delete_queryset(request, queryset)
