"""Limits on calls: exact with many at once, by client and scope, without keeping an address."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection, connections
from django.test import RequestFactory
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from reports.models import ThrottleCount
from reports.throttling import client_address, forget_old_counts, over_limit, parse_rate, throttled, too_many

NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def limits(settings):
    settings.THROTTLES = {**settings.THROTTLES, "two": "2/h", "ten": "10/h", "none": "", "minute": "1/m"}


def request_from(address: str = "203.0.113.7", **headers: str):
    return RequestFactory().get("/", REMOTE_ADDR=address, **headers)


class Limited(APIView):
    permission_classes = [AllowAny]
    authentication_classes = []
    throttle_scope = "two"

    def get(self, request):
        return Response({})


@pytest.mark.django_db(transaction=True)
def test_of_twenty_calls_at_once_exactly_ten_pass_a_limit_of_ten():
    def call(_number: int) -> bool:
        try:
            return over_limit("203.0.113.7", "ten") is None
        finally:
            connections["default"].close()

    with time_machine.travel(NOON, tick=False), ThreadPoolExecutor(20) as threads:
        passed = list(threads.map(call, range(20)))
    assert sum(passed) == 10


@pytest.mark.django_db
def test_the_call_over_the_limit_says_how_long_to_wait():
    with time_machine.travel(NOON + timedelta(minutes=20), tick=False):
        waits = [over_limit("a", "two") for _call in range(4)]
    assert waits == [None, None, 2400, 2400]
    with time_machine.travel(NOON + timedelta(seconds=20 * 60 + 2400), tick=False):
        assert over_limit("a", "two") is None


@pytest.mark.django_db
def test_clients_and_scopes_are_counted_apart():
    with time_machine.travel(NOON, tick=False):
        assert [over_limit(who, scope) for who in "ab" for scope in ("two", "minute")] == [None] * 4
        assert over_limit("a", "minute") is not None
        assert over_limit("b", "two") is None


@pytest.mark.django_db
def test_an_empty_rate_is_no_limit_and_counts_nothing():
    assert [over_limit("a", "none") for _call in range(100)] == [None] * 100
    assert ThrottleCount.objects.count() == 0


@pytest.mark.django_db
def test_no_address_is_kept():
    throttled(request_from("203.0.113.7"), "two")
    over_limit("an.nguyen@hopthu.example", "two")
    kept = " ".join(ThrottleCount.objects.values_list("key", flat=True))
    assert "203.0.113.7" not in kept
    assert "nguyen" not in kept
    assert len(set(ThrottleCount.objects.values_list("key", flat=True))) == 2


@pytest.mark.django_db
def test_the_counts_stand_in_an_unlogged_table():
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'reports_throttlecount'")
        assert cursor.fetchone() == ("u",)


@pytest.mark.django_db
def test_a_call_is_one_statement(django_assert_num_queries):
    with django_assert_num_queries(1):
        over_limit("a", "two")


@pytest.mark.parametrize(
    ("address", "forwarded", "proxies", "client"),
    [
        ("203.0.113.7", None, 0, "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", 0, "203.0.113.7"),  # anybody can write this header
        ("10.0.0.1", "198.51.100.1", 1, "198.51.100.1"),
        ("10.0.0.1", "192.0.2.9, 198.51.100.1", 1, "198.51.100.1"),
        ("10.0.0.1", "192.0.2.9, 198.51.100.1", 2, "192.0.2.9"),
        ("2001:db8:1:2:aaaa:bbbb:cccc:dddd", None, 0, "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", None, 0, "203.0.113.7"),
        ("fe80::1%eth0", None, 0, "fe80::/64"),
        ("", None, 0, ""),
        ("10.0.0.1", "unknown", 1, "unknown"),
    ],
)
def test_the_client_is_known_through_the_proxies_that_we_have(settings, address, forwarded, proxies, client):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": proxies}
    more = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    assert client_address(request_from(address, **more)) == client


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "word"), [("vi", "phút"), ("en", "minute")])
def test_a_limited_view_answers_429_as_a_problem_with_the_time_to_wait(language, word):
    view = Limited.as_view()
    from django.utils import translation

    with time_machine.travel(NOON, tick=False), translation.override(language):
        answers = [view(request_from()).render() for _call in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["Content-Type"] == "application/problem+json"
    assert answers[2].headers["Retry-After"] == "3600"
    assert word in answers[2].data["detail"]


@pytest.mark.django_db
def test_a_page_asks_to_wait(rf):
    request = rf.get("/")
    from django.contrib.auth.models import AnonymousUser

    request.user = AnonymousUser()
    answer = too_many(request, 120)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "120"
    assert b"<h1>" in answer.content


@pytest.mark.parametrize(("text", "rate"), [("30/h", (30, 3600)), ("5/10m", (5, 600)), ("1/s", (1, 1)), ("9/d", (9, 86_400)), ("", (0, 0))])
def test_rates_are_read(text, rate):
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["30", "h/30", "30/w", "-1/h", "30/0m", "30/h/h", "5/2d", "many"])
def test_what_is_no_rate_stops_the_start(settings, text):
    with pytest.raises(ValueError, match="not a rate"):
        parse_rate(text)
    settings.THROTTLES = {"file": text}
    with pytest.raises(SystemCheckError, match="THROTTLE_FILE"):
        call_command("check")


@pytest.mark.django_db
def test_counts_of_windows_that_ended_are_forgotten():
    with time_machine.travel(NOON, tick=False):
        over_limit("a", "two")
    with time_machine.travel(NOON + timedelta(days=2), tick=False):
        over_limit("b", "two")
    assert forget_old_counts(now=NOON + timedelta(days=2, hours=1)) == 1
    assert ThrottleCount.objects.count() == 1
