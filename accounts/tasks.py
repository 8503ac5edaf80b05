"""Background jobs of accounts; each is deferred in the transaction of the change that causes it and is idempotent."""

from __future__ import annotations

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app


@app.task(queue="mail", retry=RetryStrategy(max_attempts=8, exponential_wait=4))
def send_invitation(user_id: int) -> None:
    """Mails the link by which somebody chooses a password; nothing where it was chosen, or the account switched off, meanwhile."""
    from accounts import services
    from accounts.models import User

    user = User.objects.filter(pk=user_id).first()
    if user is not None and services.may_be_invited(user):
        services.invitation(user).send()
