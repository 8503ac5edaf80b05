"""Territory: administrative units with the time in which each was in force, and their outlines.

`Unit` is the identity, `UnitShape` its outline (so that a better outline never touches what points at the unit), `Edition` the legal
act or data release that brought it.
"""

import unicodedata
from datetime import date

from django.contrib.gis.db import models
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import RegexValidator
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from boundaries.names import Closed, Initials, PlainName, Sounds
from boundaries.querysets import BaseLayerQuerySet, UnitQuerySet, UnitSuccessionQuerySet
from gis.functions import Folded, GeodesicArea, PointOnSurfaceOf

WGS84 = 4326


class Level(models.TextChoices):
    """The levels of administration; districts ended on 2025-07-01."""

    PROVINCE = "province", _("province")
    DISTRICT = "district", _("district")
    COMMUNE = "commune", _("commune")


class Kind(models.TextChoices):
    """What a unit is called in law; the first word or words of its name. Data, so Vietnamese in both languages."""

    TINH = "tinh", "Tỉnh"
    THANH_PHO = "thanh_pho", "Thành phố"
    QUAN = "quan", "Quận"
    HUYEN = "huyen", "Huyện"
    THI_XA = "thi_xa", "Thị xã"
    PHUONG = "phuong", "Phường"
    XA = "xa", "Xã"
    THI_TRAN = "thi_tran", "Thị trấn"
    DAC_KHU = "dac_khu", "Đặc khu"
    OTHER = "other", "—"

    @classmethod
    def of_name(cls, name: str) -> "Kind":
        """The kind that a full name begins with ("Phường An Xuyên" → PHUONG); OTHER where it begins with none."""
        folded = name.casefold()
        return next((kind for kind in cls if kind is not cls.OTHER and folded.startswith(kind.label.casefold() + " ")), cls.OTHER)


class Edition(models.Model):
    """A set of units brought by one legal act or data release, for a part of the country, from a date."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        ACTIVE = "active", _("active")
        WITHDRAWN = "withdrawn", _("withdrawn")

    name = models.CharField(_("name"), max_length=200)
    decree = models.CharField(_("decree"), max_length=200, blank=True, help_text=_("Number of the legal act, for example 1655/NQ-UBTVQH15"))
    decree_date = models.DateField(_("date of the decree"), null=True, blank=True)
    decree_url = models.URLField(_("address of the decree"), max_length=500, blank=True)
    source = models.CharField(_("source of the outlines"), max_length=500)
    scope = models.CharField(_("part of the country"), max_length=300, blank=True)
    valid_from = models.DateField(_("in force from"), null=True, blank=True, help_text=_("Empty: since before our records begin"))
    valid_to = models.DateField(_("in force until"), null=True, blank=True, help_text=_("The first day on which it was no longer in force"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT)
    loaded_at = models.DateTimeField(_("loaded at"), default=timezone.now)
    activated_at = models.DateTimeField(_("activated at"), null=True, blank=True)

    class Meta:
        verbose_name = _("edition")
        verbose_name_plural = _("editions")
        ordering = [F("valid_from").desc(nulls_last=True), "name"]
        constraints = [
            CheckConstraint(condition=Q(state__in=["draft", "active", "withdrawn"]), name="edition_state_is_known"),
            CheckConstraint(
                condition=Q(valid_from__isnull=True) | Q(valid_to__isnull=True) | Q(valid_from__lt=F("valid_to")),
                name="edition_begins_before_it_ends",
                violation_error_message=_("An edition must begin before it ends."),
            ),
            CheckConstraint(condition=~Q(state="active") | Q(activated_at__isnull=False), name="edition_active_says_since_when"),
        ]

    def __str__(self) -> str:
        return self.name


class Unit(models.Model):
    """An administrative unit as it stood over one period.

    A code means nothing without a date: 32002 was Phường 2, and is Phường An Xuyên.
    """

    level = models.CharField(_("level"), max_length=10, choices=Level.choices)
    code = models.CharField(
        _("code"), max_length=10, validators=[RegexValidator(r"^[0-9]{1,10}$")], help_text=_("Code of the General Statistics Office")
    )
    name = models.CharField(_("name"), max_length=150)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    parent = models.ForeignKey("self", verbose_name=_("part of"), null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    edition = models.ForeignKey(Edition, verbose_name=_("edition"), on_delete=models.PROTECT, related_name="units")
    validity = DateRangeField(_("in force"), help_text=_("The upper date is the first day on which it was no longer in force."))
    active = models.BooleanField(
        _("active"), default=False, help_text=_("A draft stands beside what is in force until its edition is activated.")
    )
    published_area_km2 = models.FloatField(
        _("published area (km²)"),
        null=True,
        blank=True,
        help_text=_("As a legal act or a statistic gives it; the outline is compared with it"),
    )
    folded_name = models.GeneratedField(expression=Folded("name"), output_field=models.TextField(), db_persist=True)
    # In the order of bytes, so that an index finds what begins with something
    plain_name = models.GeneratedField(expression=PlainName("name"), output_field=models.TextField(db_collation="C"), db_persist=True)

    objects = UnitQuerySet.as_manager()

    class Meta:
        verbose_name = _("administrative unit")
        verbose_name_plural = _("administrative units")
        constraints = [
            CheckConstraint(condition=Q(level__in=Level.values), name="unit_level_is_known"),
            CheckConstraint(condition=Q(kind__in=Kind.values), name="unit_kind_is_known"),
            CheckConstraint(condition=Q(name__regex=r"\S"), name="unit_has_a_name"),
            CheckConstraint(condition=Q(code__regex=r"^[0-9]{1,10}$"), name="unit_code_is_digits"),
            CheckConstraint(
                condition=Q(published_area_km2__isnull=True) | Q(published_area_km2__gt=0), name="unit_published_area_is_positive"
            ),
            CheckConstraint(condition=Q(validity__isempty=False), name="unit_was_in_force_some_day"),
            CheckConstraint(condition=Q(level="province", parent__isnull=True) | ~Q(level="province"), name="unit_province_has_no_parent"),
            ExclusionConstraint(
                name="unit_active_code_once_at_a_time",
                condition=Q(active=True),
                expressions=[("level", RangeOperators.EQUAL), ("code", RangeOperators.EQUAL), ("validity", RangeOperators.OVERLAPS)],
                violation_error_message=_("Another active unit has this code in the same period."),
            ),
        ]
        indexes = [
            GinIndex(fields=["folded_name"], opclasses=["gin_trgm_ops"], name="unit_folded_name_trigram"),
            # Without a list of what is pending: units come by thousands at once, and are searched for at once
            GinIndex(fields=["plain_name"], opclasses=["gin_trgm_ops"], name="unit_plain_name_trigram", fastupdate=False),
            models.Index(fields=["plain_name"], name="unit_plain_name"),
            models.Index(Initials("plain_name"), name="unit_initials"),
            models.Index(Closed("plain_name"), name="unit_closed_name"),
            models.Index(Sounds("plain_name"), name="unit_sounds"),
            models.Index(fields=["code", "level"], name="unit_code_level"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The public page of the unit; of one that is no longer in force, with the last day on which it was."""
        address = reverse("insights:unit", args=[self.code])
        return address if self.in_force_on(timezone.localdate()) else f"{address}?on={self.a_day_in_force():%Y-%m-%d}"

    @property
    def valid_from(self) -> date | None:
        """First day in force; None: since before our records begin."""
        return self.validity.lower  # type: ignore[no-any-return]

    @property
    def valid_to(self) -> date | None:
        """First day no longer in force; None: in force until further notice."""
        return self.validity.upper  # type: ignore[no-any-return]

    def in_force_on(self, day: date) -> bool:
        """Whether the unit was in force on that day (in Asia/Ho_Chi_Minh)."""
        return day in self.validity

    def a_day_in_force(self) -> date:
        """A day on which the unit was in force: today where it is, else its last, else its first."""
        today = timezone.localdate()
        if today in self.validity:
            return today
        if self.valid_to is not None and self.valid_to <= today:
            return date.fromordinal(self.valid_to.toordinal() - 1)
        return self.valid_from or today

    def period_text(self) -> str:
        """Where the unit is not in force today: until or from which day it was or will be; else ""."""
        today = timezone.localdate()
        if self.in_force_on(today):
            return ""
        if self.valid_to is not None and self.valid_to <= today:
            return gettext("until %(day)s") % {"day": date_format(self.a_day_in_force())}
        return gettext("from %(day)s") % {"day": date_format(self.a_day_in_force())}

    @property
    def dated_name(self) -> str:
        """The name, with its period where the unit is not in force today: "Phường 2 (đến hết 30/6/2025)"."""
        period = self.period_text()
        return f"{self.name} ({period})" if period else self.name

    def ancestors(self) -> list["Unit"]:
        """The units it is part of, the nearest first (district, province)."""
        above, unit = [], self
        while unit.parent is not None:
            unit = unit.parent
            above.append(unit)
        return above

    def full_name(self) -> str:
        """The name with those it is part of: "Xã Lý Văn Lâm, Thành phố Cà Mau, Tỉnh Cà Mau"."""
        return ", ".join(unit.name for unit in (self, *self.ancestors()))

    def clean(self) -> None:
        """Names are kept composed (NFC), so that what looks equal is equal."""
        self.name = unicodedata.normalize("NFC", self.name.strip())


class UnitShape(models.Model):
    """One revision of a unit's outline; exactly one is current."""

    unit = models.ForeignKey(Unit, verbose_name=_("unit"), on_delete=models.CASCADE, related_name="shapes")
    revision = models.PositiveSmallIntegerField(_("revision"), default=1)
    source = models.CharField(_("source"), max_length=500)
    schematic = models.BooleanField(
        _("schematic"), default=False, help_text=_("Made from centres and boxes, not surveyed; said wherever it is drawn.")
    )
    geometry = models.MultiPolygonField(_("outline"), srid=WGS84)
    current = models.BooleanField(_("current"), default=True)
    loaded_at = models.DateTimeField(_("loaded at"), default=timezone.now)
    label_point = models.GeneratedField(
        expression=PointOnSurfaceOf("geometry"), output_field=models.PointField(srid=WGS84), db_persist=True
    )
    area_m2 = models.GeneratedField(expression=GeodesicArea("geometry"), output_field=models.FloatField(), db_persist=True)

    class Meta:
        verbose_name = _("outline")
        verbose_name_plural = _("outlines")
        constraints = [
            CheckConstraint(condition=Q(geometry__isvalid=True), name="shape_geometry_is_valid"),
            UniqueConstraint(fields=["unit", "revision"], name="shape_revision_once_a_unit"),
            UniqueConstraint(fields=["unit"], condition=Q(current=True), name="shape_one_current_a_unit"),
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} r{self.revision}"


class UnitOutline(models.Model):
    """The current outline of a unit simplified for zooms up to `max_zoom`; neighbours are simplified together and keep touching."""

    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="outlines")
    max_zoom = models.PositiveSmallIntegerField()
    geometry = models.MultiPolygonField(srid=WGS84)

    class Meta:
        constraints = [UniqueConstraint(fields=["unit", "max_zoom"], name="outline_zoom_once_a_unit")]


class UnitPiece(models.Model):
    """A small part of a unit's current outline: point look-ups read one piece of a few corners, not a whole coast (docs/adr/0003)."""

    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="pieces")
    geometry = models.PolygonField(srid=WGS84)


class Replacement(models.Model):
    """What an activation ended: the unit and the validity that it had, so that a withdrawal can give it back."""

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="replacements")
    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="replaced_by")
    validity_before = DateRangeField()

    class Meta:
        constraints = [UniqueConstraint(fields=["edition", "unit"], name="replacement_once_an_edition")]


class UnitSuccession(models.Model):
    """What became of a unit: that all or a part of it went to another, that began when it ended. Facts of law and land, of no single edition."""

    class Transfer(models.TextChoices):
        FULL = "full", _("all of it")
        PARTIAL = "partial", _("a part of it")

    class Source(models.TextChoices):
        LISTED = "listed", _("a list, from the legal acts")
        DERIVED = "derived", _("the outlines")

    old = models.ForeignKey(Unit, verbose_name=_("former unit"), on_delete=models.CASCADE, related_name="succeeded_by")
    new = models.ForeignKey(Unit, verbose_name=_("new unit"), on_delete=models.CASCADE, related_name="succeeds")
    transfer = models.CharField(_("transfer"), max_length=7, choices=Transfer.choices)
    share = models.FloatField(
        _("share"), null=True, blank=True, help_text=_("Of the area of the former unit, what went to the new one (0–1); empty: unknown")
    )
    source = models.CharField(_("known from"), max_length=7, choices=Source.choices)

    objects = UnitSuccessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("succession")
        verbose_name_plural = _("successions")
        constraints = [
            CheckConstraint(condition=Q(transfer__in=["full", "partial"]), name="succession_transfer_is_known"),
            CheckConstraint(condition=Q(source__in=["listed", "derived"]), name="succession_source_is_known"),
            CheckConstraint(condition=~Q(old=F("new")), name="succession_is_of_two_units"),
            CheckConstraint(condition=Q(share__isnull=True) | Q(share__gt=0, share__lte=1), name="succession_share_is_a_share"),
            CheckConstraint(
                condition=~Q(transfer="full") | Q(share=1, share__isnull=False),
                name="succession_full_is_all_of_it",
                violation_error_message=_("A full transfer has the share 1."),
            ),
            UniqueConstraint(fields=["old", "new"], name="succession_once_a_pair"),
            UniqueConstraint(fields=["old"], condition=Q(transfer="full"), name="succession_full_goes_to_one"),
        ]

    def __str__(self) -> str:
        return f"{self.old} → {self.new}"


class TopologyCheck(models.Model):
    """The last check of an edition's outlines (boundaries/topology): how far it is, and what it found, as GeoJSON features."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("under way")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    edition = models.OneToOneField(Edition, verbose_name=_("edition"), on_delete=models.CASCADE, related_name="topology_check")
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    asked_at = models.DateTimeField(_("asked for at"), default=timezone.now)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    step = models.CharField(_("step"), max_length=50, blank=True)
    problem = models.CharField(_("problem"), max_length=500, blank=True)
    findings = models.JSONField(_("findings"), default=list)
    left_off = models.PositiveIntegerField(_("findings left off"), default=0)
    errors = models.PositiveIntegerField(_("errors"), default=0)
    warnings = models.PositiveIntegerField(_("warnings"), default=0)
    notes = models.PositiveIntegerField(_("notes"), default=0)

    class Meta:
        verbose_name = _("check of outlines")
        verbose_name_plural = _("checks of outlines")
        constraints = [
            CheckConstraint(condition=Q(state__in=["waiting", "running", "done", "failed"]), name="topology_check_state_is_known")
        ]

    def __str__(self) -> str:
        return f"{self.edition}: {self.get_state_display()}"


class BaseLayer(models.Model):
    """Lines and areas that the map is drawn from besides units: coast, rivers. Loaded by `load_layer`, never by hand."""

    name = models.SlugField(_("layer"), max_length=50)
    label = models.CharField(_("name"), max_length=200, blank=True)
    attribution = models.CharField(_("attribution"), max_length=300)
    properties = models.JSONField(_("properties"), default=dict)
    geometry = models.GeometryField(_("geometry"), srid=WGS84)

    objects = BaseLayerQuerySet.as_manager()

    class Meta:
        verbose_name = _("layer feature")
        verbose_name_plural = _("layer features")
        constraints = [CheckConstraint(condition=Q(geometry__isvalid=True), name="layer_geometry_is_valid")]
        indexes = [models.Index(fields=["name"], name="layer_name")]
