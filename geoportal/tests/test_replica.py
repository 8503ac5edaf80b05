"""What may be read from a replica, and that nobody misses what he wrote himself. Here the replica is a second, read-only connection."""

from __future__ import annotations

import pytest
from django.conf import settings as site
from django.db import OperationalError, connections, router, transaction
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from geoportal import replica
from reports.models import Report

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/api/v1/reports/"


class Log:
    """How far the primary's log goes, and how far the replica has come; None: it is none any more."""

    reached, replayed = 100, 100


@pytest.fixture
def log(transactional_db, settings, monkeypatch):
    """A site with a replica, whose state a test sets."""
    own = connections["default"].settings_dict
    connections.settings["replica"] = {**own, "OPTIONS": {**own["OPTIONS"], "options": "-c default_transaction_read_only=on"}}
    connections["replica"].connect()  # at once: later, Django lets no test open what was not there when it began
    settings.REPLICA_LAG_S = 5.0
    settings.DATABASE_ROUTERS = ["geoportal.replica.Router"]
    settings.MIDDLEWARE = [*site.MIDDLEWARE, "geoportal.replica.ReadsFromReplica"]
    state = Log()
    monkeypatch.setattr(replica, "_reached", lambda: state.reached)
    monkeypatch.setattr(replica, "_replayed", lambda: state.replayed)
    replica.forget()
    yield state
    connections["replica"].close()
    del connections["replica"]
    del connections.settings["replica"]
    replica.forget()


@pytest.fixture
def there(client, log):
    """How many queries of a call went to the replica."""

    def call(address, method="get", **given):
        with CaptureQueriesContext(connections["replica"]) as asked:
            assert getattr(client, method)(address, **given).status_code < 500
        return len(asked)

    return call


def test_a_public_list_is_read_from_the_replica_and_what_anybody_is_signed_in_for_is_not(there, client):
    assert there(LIST) > 0
    client.cookies["sessionid"] = "x"
    assert there(LIST) == 0


@pytest.mark.parametrize(
    "address", ["/", "/desk/", "/api/v1/map/clusters/?bbox=104,8,106,10&zoom=8", "/api/v1/statistics/?group=month", "/data/"]
)
def test_what_is_not_named_is_read_from_the_primary(there, address):
    assert there(address) == 0


def test_who_has_sent_something_reads_from_the_replica_when_it_has_come_so_far(there, client, log):
    assert there(LIST) > 0
    log.reached = 110
    there(LIST, "post", data={}, content_type="application/json")  # refused, and yet something may have been written
    assert client.cookies[replica.COOKIE].value == "110"
    assert there(LIST) == 0
    log.replayed = 110
    assert there(LIST) > 0


@pytest.mark.parametrize("forged", ["", "x", "-1", "²", "9" * 30])
def test_a_cookie_that_is_no_place_of_the_log_means_the_primary(there, client, forged):
    client.cookies[replica.COOKIE] = forged
    assert there(LIST) == 0


def test_a_replica_that_was_made_a_database_of_its_own_is_not_read(there, log):
    log.replayed = None
    assert there(LIST) == 0


def test_a_replica_is_asked_for_what_the_primary_had_some_seconds_ago(log):
    assert replica.is_usable(now=10.0)
    log.reached = 200
    assert replica.is_usable(now=12.0), "it has what the primary had two seconds ago"
    assert not replica.is_usable(now=14.0), "it stands still"
    log.replayed, log.reached = 200, 300
    assert not replica.is_usable(now=30.0), "nobody asked for long: all of it is wanted"
    log.replayed = 300
    assert replica.is_usable(now=32.0)


def test_in_a_transaction_and_after_a_write_everything_is_read_from_the_primary(log):
    replica._reads_there.set(True)
    try:
        assert router.db_for_read(Report) == "replica"
        with transaction.atomic():
            assert router.db_for_read(Report) == "default"
        assert Report.objects.select_for_update().db == "default"
        assert router.db_for_read(Report) == "default"
    finally:
        replica._reads_there.set(False)


def test_where_the_replica_fails_the_primary_answers(client, log, monkeypatch):
    def fails(*given):
        raise OperationalError("canceling statement due to conflict with recovery")

    connections["replica"].execute_wrappers.append(fails)
    with CaptureQueriesContext(connections["default"]) as asked:
        response: HttpResponse = client.get(LIST)
    assert (response.status_code, response.json()["features"]) == (200, [])
    assert len(asked) > 0
    assert not replica.is_usable()
