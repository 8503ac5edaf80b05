"""Early warnings: what rose where, told to whom."""

from __future__ import annotations

from django.db import models
from django.db.models import UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from authorities.models import Body, Category


class EarlyWarning(models.Model):
    """A category that rose with a body beyond what season and chance explain, as it stood on a day (Asia/Ho_Chi_Minh)."""

    body = models.ForeignKey(Body, verbose_name=_("body"), on_delete=models.CASCADE, related_name="+")
    category = models.ForeignKey(Category, verbose_name=_("category"), on_delete=models.CASCADE, related_name="+")
    day = models.DateField(_("day"))
    recent = models.PositiveIntegerField(_("reports of the last seven days"))
    expected = models.FloatField(_("expected"))
    p = models.FloatField()
    q = models.FloatField()
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("early warning")
        verbose_name_plural = _("early warnings")
        ordering = ["-day", "q", "pk"]
        constraints = [UniqueConstraint(fields=["body", "category", "day"], name="early_warning_once_a_day")]

    def __str__(self) -> str:
        return f"{self.body} · {self.category} · {self.day:%Y-%m-%d}"


class WarningMail(models.Model):
    """A mail of warnings to the head of a body: one a person and day."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    warnings = models.ManyToManyField(EarlyWarning, related_name="mails")
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [UniqueConstraint(fields=["user", "day"], name="warning_mail_once_a_day")]
