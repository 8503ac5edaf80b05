"""Bodies, categories and responsibility rules in the administration."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from audit.admin import Recorded
from authorities.dated import DatedAdmin, DatedForm, DatedFormSet, InForceFilter, in_full
from authorities.deadline_models import DeadlineRule
from authorities.models import Body, BodySuccession, Category, Criterion, Membership, ReturnReason, Rule, Territory
from authorities.ordered import Ordered
from authorities.survey_models import SurveyField

MANY = 100  # inlines are not for bodies that cover half the country


class TerritoryForm(DatedForm):
    """A unit and its two days."""

    class Meta:
        model = Territory
        fields = ["unit"]


class MembershipForm(DatedForm):
    """Somebody's role and its two days."""

    class Meta:
        model = Membership
        fields = ["user", "body", "role", "standing_in_for"]


class BodyForm(DatedForm):
    """A body and its two days."""

    website = forms.URLField(label=_("website"), required=False, assume_scheme="https")

    class Meta:
        model = Body
        fields = ["code", "name", "kind", "parent", "hotline", "email", "address", "website", "approval"]


class RuleForm(DatedForm):
    """A rule and its two days."""

    class Meta:
        model = Rule
        fields = ["category", "territory", "body_kind", "level", "body", "priority", "note", "note_en"]


class CriterionForm(DatedForm):
    """A criterion and its two days."""

    class Meta:
        model = Criterion
        fields = ["code", "name", "name_en", "question", "question_en", "position"]


class TerritoryInline(DatedAdmin, admin.TabularInline):  # type: ignore[type-arg]
    """What a body covers."""

    model = Territory
    form = TerritoryForm
    formset = DatedFormSet
    fields = ["unit", "valid_from", "valid_to"]
    extra = 0
    max_num = MANY

    def get_queryset(self, request: HttpRequest) -> QuerySet[Territory]:
        """With the units, in one query."""
        return super().get_queryset(request).select_related("unit__parent__parent").order_by("unit__code", "validity")


class MembershipInline(DatedAdmin, admin.TabularInline):  # type: ignore[type-arg]
    """Who works for a body."""

    model = Membership
    form = MembershipForm
    formset = DatedFormSet
    fields = ["user", "role", "valid_from", "valid_to", "standing_in_for"]
    autocomplete_fields = ["user", "standing_in_for"]
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        """With the people, in one query."""
        return super().get_queryset(request).select_related("user").order_by("user__full_name", "pk")


class SuccessionInline(admin.TabularInline):  # type: ignore[type-arg]
    """Which body took over."""

    model = BodySuccession
    fk_name = "old"
    raw_id_fields = ["new"]
    extra = 0


class WithoutTerritoryFilter(admin.SimpleListFilter):
    """Bodies that cover nothing: no rule of a kind leads to them."""

    title = _("territory")
    parameter_name = "territory"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Only what is missing is asked for."""
        return [("none", _("covers no unit"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those without."""
        return queryset.filter(pk__in=Body.objects.without_territory().values("pk")) if self.value() == "none" else queryset


class LeadsNowhereFilter(admin.SimpleListFilter):
    """Rules that can never lead to a body."""

    title = _("leads to a body")
    parameter_name = "leads"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Only what is wrong is asked for."""
        return [("nowhere", _("never"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those that never do."""
        return queryset.filter(pk__in=Rule.objects.leading_nowhere().values("pk")) if self.value() == "nowhere" else queryset


@admin.register(Body)
class BodyAdmin(Recorded, DatedAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Authorities with their territory and people."""

    form = BodyForm
    fields = [
        "name", "code", "kind", "parent", ("valid_from", "valid_to"), "hotline", "email", "address", "website", "approval",
    ]  # fmt: skip
    inlines = [TerritoryInline, MembershipInline, SuccessionInline]
    list_display = ["name", "kind", "parent", "starts", "ends", "hotline", "covers"]
    list_filter = ["kind", InForceFilter, WithoutTerritoryFilter]
    list_select_related = ["parent"]
    search_fields = ["name", "code"]
    ordering = ["name", "validity"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Body]:
        """With whether it covers something."""
        bodies: QuerySet[Body] = super().get_queryset(request)
        return bodies.annotate(covering=Exists(Territory.objects.filter(body=OuterRef("pk"))))

    @admin.display(description=_("covers a unit"), boolean=True)
    def covers(self, body: Any) -> bool:
        """Whether it has a territory at all."""
        return bool(body.covering)


@admin.register(Membership)
class MembershipAdmin(Recorded, DatedAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Who holds which role where."""

    form = MembershipForm
    fields = ["user", "body", "role", ("valid_from", "valid_to"), "standing_in_for"]
    autocomplete_fields = ["user", "standing_in_for"]
    list_display = ["user", "role", "body", "starts", "ends", "standing_in_for"]
    list_filter = ["role", InForceFilter]
    list_select_related = ["user", "body", "standing_in_for"]
    search_fields = ["user__full_name", "user__username", "body__name"]
    ordering = ["body__name", "user__full_name"]


@admin.register(Category)
class CategoryAdmin(Recorded, Ordered):
    """What can be reported."""

    list_display = [
        "name",
        "name_en",
        "group",
        "in_scope",
        "publication",
        "about_officials",
        "anonymous_allowed",
        "days_to_answer",
        "position",
    ]
    list_filter = ["in_scope", "publication", "group"]
    search_fields = ["name", "name_en", "code"]
    fields = [
        ("name", "name_en"), ("group", "group_en"), ("guidance", "guidance_en"), ("code", "icon", "position"), "in_scope",
        "publication", "about_officials", "anonymous_allowed", "days_to_answer", "physical",
    ]  # fmt: skip


@admin.register(Rule)
class RuleAdmin(Recorded, DatedAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Responsibility rules, in the order in which they are asked."""

    form = RuleForm
    fields = ["category", "territory", ("body_kind", "level"), "body", "priority", ("valid_from", "valid_to"), "note", "note_en"]
    autocomplete_fields = ["category"]
    list_display = ["priority", "what", "where", "who", "starts", "ends", "why"]
    list_display_links = ["what"]
    list_filter = [InForceFilter, LeadsNowhereFilter, "body_kind", "level", "category"]
    list_select_related = ["category", "body", "territory__parent__parent"]
    search_fields = ["category__name", "category__name_en", "category__code", "body__name", "territory__name", "note", "code"]
    ordering = ["priority", "category__position", "pk"]

    @admin.display(description=_("category"), ordering="category__position")
    def what(self, rule: Rule) -> str:
        """The category, or every one."""
        return rule.category.label if rule.category else str(_("every category"))

    @admin.display(description=_("territory"))
    def where(self, rule: Rule) -> str:
        """The unit, or everywhere."""
        return in_full(rule.territory) if rule.territory else str(_("everywhere"))

    @admin.display(description=_("responsible"))
    def who(self, rule: Rule) -> str:
        """The named body, or the kind and level."""
        return in_full(rule.body) if rule.body else f"{rule.get_body_kind_display()} ({rule.get_level_display()})"

    @admin.display(description=_("reason or source"))
    def why(self, rule: Rule) -> str:
        """The beginning of the reason."""
        return Truncator(rule.note).chars(60)


@admin.register(ReturnReason)
class ReturnReasonAdmin(Recorded, Ordered):
    """Why a report may be returned."""

    list_display = ["name", "name_en", "position"]
    search_fields = ["name", "name_en", "code"]
    fields = ["code", ("name", "name_en"), ("channel", "channel_en"), "position"]


@admin.register(Criterion)
class CriterionAdmin(Recorded, DatedAdmin, Ordered):
    """What answers are rated on; one that has been rated on is ended, not deleted."""

    form = CriterionForm
    fields = ["code", ("name", "name_en"), ("question", "question_en"), "position", ("valid_from", "valid_to")]
    list_display = ["name", "name_en", "position", "starts", "ends"]
    list_filter = [InForceFilter]
    search_fields = ["name", "name_en", "code"]


@admin.register(SurveyField)
class SurveyFieldAdmin(Recorded, Ordered):
    """What a survey on the spot finds out."""

    list_display = ["name", "name_en", "category", "kind", "unit", "required", "position"]
    list_filter = ["category", "kind"]
    list_select_related = ["category"]
    search_fields = ["name", "name_en", "code"]
    fields = [
        "category", ("name", "name_en"), ("code", "position"), ("kind", "required"), ("unit", "lowest", "highest"), "choices",
    ]  # fmt: skip


class DeadlineRuleForm(DatedForm):
    """A deadline and its two days."""

    class Meta:
        model = DeadlineRule
        fields = ["stage", "category", "body", "amount", "amount_in_danger", "measure", "note"]


@admin.register(DeadlineRule)
class DeadlineRuleAdmin(Recorded, DatedAdmin, admin.ModelAdmin):  # type: ignore[type-arg]
    """How long things may take; what is changed counts for what begins afterwards."""

    form = DeadlineRuleForm
    fields = ["stage", "category", "body", ("amount", "measure", "amount_in_danger"), ("valid_from", "valid_to"), "note"]
    autocomplete_fields = ["category"]
    list_display = ["stage", "what", "who", "long", "long_in_danger", "starts", "ends", "note"]
    list_filter = ["stage", InForceFilter, "category"]
    list_select_related = ["category", "body"]
    search_fields = ["category__name", "category__name_en", "category__code", "body__name", "note"]

    @admin.display(description=_("category"), ordering="category__position")
    def what(self, rule: DeadlineRule) -> str:
        """The category, or every one."""
        return rule.category.label if rule.category else str(_("every category"))

    @admin.display(description=_("body"), ordering="body__name")
    def who(self, rule: DeadlineRule) -> str:
        """The body, or every one."""
        return in_full(rule.body) if rule.body else str(_("every body"))

    @admin.display(description=_("within"), ordering="amount")
    def long(self, rule: DeadlineRule) -> str:
        """How long it may take."""
        return rule.in_words()

    @admin.display(description=_("where people are in danger"))
    def long_in_danger(self, rule: DeadlineRule) -> str:
        """How long it may take then."""
        return rule.in_words(in_danger=True) if rule.amount_in_danger else "–"
