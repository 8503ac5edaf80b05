"""Saved filters of the queue: what may be kept, and in which form."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from reports.desk_models import SavedFilter
from reports.searching import PHONE

if TYPE_CHECKING:
    from reports.queue import Asked

MOST = 20  # a person's filters


def saved_query(asked: Asked) -> str:
    """What is asked for, as the parameters of an address, always in the same order and from the first page."""
    return urlencode(sorted(asked.parameters(page=1).items()))


def may_be_saved(asked: Asked) -> bool:
    """Whether there is something to keep: a filter or a search, but never a phone number, which is somebody's."""
    return bool(asked.is_filtered or asked.q) and not PHONE.fullmatch(asked.q.strip())


@transaction.atomic
def save_filter(user: User, *, name: str, asked: Asked) -> SavedFilter:
    """Keeps what is asked for under a name. Raises ValidationError, with a sentence, where it cannot be kept."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two tabs at once make no twenty-first
    name = " ".join(name.split())
    if not name or len(name) > (SavedFilter._meta.get_field("name").max_length or 0):
        raise ValidationError(_("Give the filter a name of at most 40 characters."))
    query = saved_query(asked)
    if not may_be_saved(asked) or len(query) > (SavedFilter._meta.get_field("query").max_length or 0):
        raise ValidationError(_("There is nothing here that could be saved: choose a filter, or search for words."))
    if SavedFilter.objects.filter(user=user).count() >= MOST:
        raise ValidationError(_("You have %(count)d filters already: delete one first.") % {"count": MOST})
    try:
        with transaction.atomic():
            return SavedFilter.objects.create(user=user, name=name, query=query)
    except IntegrityError:
        raise ValidationError(_("You have a filter of this name already.")) from None
