"""Background jobs of reports; each is deferred in the transaction of the change that causes it and is idempotent.

Delivery is at least once. Arguments are ids: no address, no name, no text stands in the job table or in a worker's log.
"""

from __future__ import annotations

from django.utils import timezone
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

MAIL_ATTEMPTS = 8  # after 4 s, 16 s, 1 min, 4 min, 17 min, 1 h 8 min, 4 h 33 min: a mail server that is down for a morning loses nothing
JOBS_KEPT_HOURS = 72
# Events that can be news for somebody at the desk (officer_news.py says for whom)
NEWS_AT_THE_DESK = frozenset(
    {
        "filed",
        "assign",
        "to_triage",
        "recategorise",
        "reopen",
        "charge",
        "draft_reply",
        "send_back",
        "note",
        "answer",
        "transfer",
        "accept_transfer",
        "refuse_transfer",
        "ask_help",
        "answer_part",
        "relocate",
        "silence",
        "due_soon",
        "overdue",
        "escalated",
    }
)


@app.task(queue="mail", retry=RetryStrategy(max_attempts=8, exponential_wait=3))
def tell_followers(event_id: int) -> None:
    """Writes a mail to each follower of an event's report, once, and defers the sending of each."""
    from reports import notifications

    notifications.tell_followers(event_id)


@app.periodic(cron="0 11 * * *", periodic_id="tell_of_news")  # UTC: 18:00 in Vietnam
@app.task(queue="mail", queueing_lock="tell_of_news", retry=RetryStrategy(max_attempts=8, exponential_wait=3))
def tell_of_news(timestamp: int) -> None:
    """Writes a mail of the day's news to each follower of a unit, once, and defers the sending of each."""
    from reports import notifications

    notifications.tell_of_news()


@app.task(queue="mail", retry=RetryStrategy(max_attempts=8, exponential_wait=3))
def tell_officers(event_id: int) -> None:
    """Notes for whom at the desk an event is news, once, and writes a mail to those who want it at once."""
    from reports import officer_news

    officer_news.tell_officers(event_id)


@app.periodic(cron="30 0 * * *", periodic_id="tell_officers_daily")  # UTC: 7:30 in Vietnam; on working days
@app.task(queue="mail", queueing_lock="tell_officers_daily", retry=RetryStrategy(max_attempts=8, exponential_wait=3))
def tell_officers_daily(timestamp: int) -> None:
    """Writes each person's digest of what is new at the desk."""
    from reports import officer_news, working_days

    if working_days.calendar().works_on(timezone.localdate()):
        officer_news.tell_daily()


# One more than the mail's own count, which decides: a job that dies before it can count is tried again too
@app.task(queue="mail", retry=RetryStrategy(max_attempts=MAIL_ATTEMPTS + 1, exponential_wait=4))
def send_message(message_id: int) -> None:
    """Sends one mail; a bad address stands in nobody else's way."""
    from reports import notifications

    notifications.deliver(message_id)


@app.periodic(cron="*/5 * * * *", periodic_id="retry_stalled_jobs")
@app.task(queue="upkeep", queueing_lock="retry_stalled_jobs", pass_context=True)
async def retry_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """Gives jobs back whose worker died in the middle of them."""
    for job in await context.app.job_manager.get_stalled_jobs():
        await context.app.job_manager.retry_job(job)


@app.periodic(cron="*/5 * * * *", periodic_id="watch_deadlines")
@app.task(queue="deadlines", queueing_lock="watch_deadlines")
def watch_deadlines(timestamp: int) -> None:
    """Warns, tells what is overdue, passes it up, reminds reporters and ends what they are silent on."""
    from reports.deadlines import watch

    watch.watch()


@app.task(queue="territory", retry=False)
def put_in_force(activation_id: int) -> None:
    """Activates an edition with all that follows, or notes in one sentence why not."""
    from reports.territory import jobs

    jobs.put_in_force(activation_id)


@app.periodic(cron="*/2 * * * *", periodic_id="reroute_what_is_due")
@app.task(queue="territory", queueing_lock="reroute_what_is_due")
def reroute_what_is_due(timestamp: int) -> None:
    """Re-routes for editions whose first day has come: at 0:00 in Vietnam, or as soon after as a worker runs."""
    from reports import territory

    territory.reroute_what_is_due()


@app.periodic(cron="0 * * * *", periodic_id="publish_root")
@app.task(queue="upkeep", queueing_lock="publish_root")
def publish_root(timestamp: int) -> None:
    """Publishes a root over all histories, unless nothing has changed."""
    from reports.history import roots

    roots.publish_root()


@app.periodic(cron="10 * * * *", periodic_id="forget_old_counts")
@app.task(queue="upkeep", queueing_lock="forget_old_counts")
def forget_old_counts(timestamp: int) -> None:
    """Deletes the counts of calls whose window has ended."""
    from reports import throttling

    throttling.forget_old_counts()


@app.periodic(cron="20 19 * * *", periodic_id="tidy_up")  # UTC: in the small hours of Vietnam
@app.task(queue="upkeep", queueing_lock="tidy_up")
def tidy_up(timestamp: int) -> None:
    """Deletes files that no photo has, addresses that nobody confirmed or that were unsubscribed, and old keys of clients."""
    from authorities import shelf
    from reports import following, keys, media, officer_news, presence

    presence.forget()
    officer_news.forget_told()
    media.sweep_media()
    following.forget_ended()
    shelf.put_together()
    keys.forget_old_keys()


@app.periodic(cron="* * * * *", periodic_id="fold_open_work")
@app.task(queue="upkeep", queueing_lock="fold_open_work")
def fold_open_work(timestamp: int) -> None:
    """Puts together what has been counted of the open work since."""
    from reports import open_work

    open_work.fold()


@app.periodic(cron="50 18 * * *", periodic_id="check_open_work")  # UTC: 1:50 in Vietnam
@app.task(queue="upkeep", queueing_lock="check_open_work")
def check_open_work(timestamp: int) -> None:
    """Holds the counts of the open work against the reports."""
    from reports import open_work

    open_work.check()


@app.periodic(cron="15 17 * * *", periodic_id="release_left_behind")  # UTC: 0:15 in Vietnam
@app.task(queue="upkeep", queueing_lock="release_left_behind")
def release_left_behind(timestamp: int) -> None:
    """Frees the open reports of people whose role has ended, for others of their body to take on."""
    from reports.services import people

    people.release_left_behind()


@app.periodic(cron="40 19 * * *", periodic_id="forget_done_jobs")
@app.task(queue="upkeep", queueing_lock="forget_done_jobs", pass_context=True)
async def forget_done_jobs(context: JobContext, timestamp: int) -> None:
    """Deletes jobs that were done some days ago; failed ones stay, to be seen."""
    await context.app.job_manager.delete_old_jobs(nb_hours=JOBS_KEPT_HOURS)
