"""An activation that somebody asked for on a page: noted with its job in one transaction, done by a worker, and refused with a sentence."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date

from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from boundaries.editions import EditionError
from boundaries.models import Edition
from reports import tasks
from reports.models import Activation
from reports.territory.activation import activate_and_reroute


def ask_for_activation(*, edition: Edition, on: date, actor: User, digest: str) -> Activation:
    """Notes that an edition is to be put in force as it was rehearsed, and defers the job; EditionError where that is under way already."""
    try:
        with transaction.atomic():
            asked = Activation.objects.create(edition=edition, on=on, asked_by=actor, digest=digest)
    except IntegrityError:
        raise EditionError(_("The edition “%(name)s” is in force, or about to be.") % {"name": edition.name}) from None
    tasks.put_in_force.defer(activation_id=asked.pk)
    return asked


def put_in_force(activation_id: int) -> None:
    """Does what was asked for, or notes why not; nothing where it is done already, for a job may come twice."""
    activation = Activation.objects.select_related("edition", "asked_by").get(pk=activation_id)
    if activation.state != Activation.State.WAITING:
        return
    person = activation.asked_by
    with translation.override(person.language) if person else nullcontext():
        try:
            activate_and_reroute(
                edition=activation.edition, on=activation.on, actor=person, digest=activation.digest, activation=activation
            )
        except EditionError as error:
            Activation.objects.filter(pk=activation_id).update(state=Activation.State.REFUSED, error=str(error))
