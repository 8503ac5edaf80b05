"""What planners keep: their queries, and layers of their own. Public reports only are asked; nothing personal stands here."""

from __future__ import annotations

import secrets

from django.contrib.gis.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from authorities.models import Body
from boundaries.models import WGS84
from insights.planner.querysets import OwnLayerQuerySet, SavedQueryQuerySet


def new_key() -> str:
    """What stands in a link: unguessable, in letters that an address takes as they are."""
    return secrets.token_urlsafe(12)


class Sharing(models.TextChoices):
    """Who may open what somebody keeps."""

    PRIVATE = "private", _("only me")
    BODY = "body", _("my body")
    LINK = "link", _("every planner who has the link")


class Kept(models.Model):
    """What belongs to somebody and to a body, and is shared or not."""

    key = models.CharField(max_length=20, unique=True, default=new_key, editable=False)
    name = models.CharField(_("name"), max_length=100)
    owner = models.ForeignKey(User, verbose_name=_("owner"), on_delete=models.CASCADE, related_name="+")
    body = models.ForeignKey(Body, verbose_name=_("body"), null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    made_at = models.DateTimeField(_("made at"), default=timezone.now)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class SavedQuery(Kept):
    """A query under a name."""

    sharing = models.CharField(_("shared with"), max_length=10, choices=Sharing.choices, default=Sharing.PRIVATE)
    query = models.JSONField(_("query"))

    objects = SavedQueryQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved query")
        verbose_name_plural = _("saved queries")
        ordering = ["name", "pk"]
        constraints = [
            CheckConstraint(condition=Q(sharing__in=Sharing.values), name="saved_query_sharing_is_known"),
            CheckConstraint(condition=Q(name__regex=r"\S"), name="saved_query_has_a_name"),
        ]


class OwnLayer(Kept):
    """A layer that somebody uploaded: who made the data, and how many features were read and repaired."""

    class Sharing(models.TextChoices):
        PRIVATE = "private", _("only me")
        BODY = "body", _("my body")
        ALL = "all", _("every planner")

    sharing = models.CharField(_("shared with"), max_length=10, choices=Sharing.choices, default=Sharing.BODY)
    attribution = models.CharField(_("attribution"), max_length=300)
    features_count = models.PositiveIntegerField(_("features"), default=0)
    repaired_count = models.PositiveIntegerField(_("repaired"), default=0)
    corners_count = models.PositiveIntegerField(_("corners"), default=0)

    objects = OwnLayerQuerySet.as_manager()

    class Meta:
        verbose_name = _("uploaded layer")
        verbose_name_plural = _("uploaded layers")
        ordering = ["name", "pk"]
        constraints = [
            CheckConstraint(condition=Q(sharing__in=["private", "body", "all"]), name="own_layer_sharing_is_known"),
            CheckConstraint(condition=Q(name__regex=r"\S"), name="own_layer_has_a_name"),
            CheckConstraint(condition=Q(attribution__regex=r"\S"), name="own_layer_says_whose_data"),
        ]


class OwnFeature(models.Model):
    """One feature of an uploaded layer, valid, in WGS 84."""

    layer = models.ForeignKey(OwnLayer, on_delete=models.CASCADE, related_name="features")
    number = models.PositiveIntegerField()
    label = models.CharField(max_length=200)
    properties = models.JSONField(default=dict)
    geometry = models.GeometryField(srid=WGS84)

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(geometry__isvalid=True), name="own_feature_geometry_is_valid"),
            UniqueConstraint(fields=["layer", "number"], name="own_feature_number_once_a_layer"),
        ]
