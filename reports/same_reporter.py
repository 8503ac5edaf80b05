"""Other reports of the same reporter: told to those only who may call him or her, and of those reports only on which they may, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.db.models.functions import Lower

from reports.models import Contact, Report
from reports.querysets import ReportQuerySet

if TYPE_CHECKING:
    from accounts.models import User
    from reports.sight import Sight

MOST = 10
LOOKED_AT = 200  # of somebody who reports all day, the latest


def others_of_reporter(report: Report, contact: Contact, who: User | Sight) -> ReportQuerySet:
    """Reports with the same phone number or e-mail address, the latest first. Phone numbers are stored in one form (words.phone_number)."""
    same = Q()
    if contact.phone:
        same |= Q(phone=contact.phone)
    if contact.email:
        same |= Q(folded_email=contact.email.lower())
    if not same:
        return Report.objects.none()
    # Their keys first: an index gives these few, while one statement for both would look through the table
    contacts = Contact.objects.alias(folded_email=Lower("email")).filter(same).exclude(report=report)
    keys = list(contacts.order_by("-report").values_list("report", flat=True)[:LOOKED_AT])
    seen = Report.objects.visible_to(who).filter(pk__in=keys)
    return seen.with_contact_open_to(who).select_related("category", "unit").newest_first()[:MOST]
