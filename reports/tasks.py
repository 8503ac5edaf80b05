"""Background jobs of reports; each is deferred in the transaction of the change that causes it and is idempotent."""

from procrastinate.contrib.django import app


@app.task(queue="mail", retry=8)
def tell_followers(event_id: int) -> None:
    """Mails the followers of an event's report, once each."""
