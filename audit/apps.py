"""The app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """Knows no other app of ours: triggers write its record, others say in whose name."""

    name = "audit"
    verbose_name = _("Changes by administrators")
    default_auto_field = "django.db.models.BigAutoField"
