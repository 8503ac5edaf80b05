"""What the log of the web processes says of a request, and what it does not."""

import json
import logging
from datetime import timedelta
from types import SimpleNamespace

import pytest
from gunicorn.config import Config

from geoportal.access_log import AccessJson, AccessLog

ENVIRON = {
    "REMOTE_ADDR": "10.0.0.7",
    "REQUEST_METHOD": "GET",
    "RAW_URI": "/reports/ABC/?token=secret",
    "PATH_INFO": "/reports/ABC/",
    "QUERY_STRING": "token=secret",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "HTTP_AUTHORIZATION": "Basic c2VjcmV0",
}


@pytest.fixture
def said(caplog):
    """What is logged for a request."""
    log = AccessLog(Config())
    log.access_log.handlers = [caplog.handler]
    log.access(SimpleNamespace(status="200 OK", sent=1234), None, ENVIRON, timedelta(milliseconds=21, microseconds=900))
    return caplog.records[-1]


def test_a_line_says_who_asked_for_what_and_what_came_of_it(said):
    assert said.getMessage() == "10.0.0.7 GET /reports/ABC/ 200 1234 bytes 21 ms"


def test_a_line_of_json_has_the_fields_that_all_lines_have(said):
    line = json.loads(AccessJson().format(said))
    assert line.pop("time")
    assert line == {
        "level": logging.getLevelName(said.levelno),
        "logger": "gunicorn.access",
        "ip": "10.0.0.7",
        "method": "GET",
        "path": "/reports/ABC/",
        "status": "200",
        "bytes": 1234,
        "ms": 21,
    }


def test_an_address_cannot_begin_a_line_of_its_own(caplog):
    log = AccessLog(Config())
    log.access_log.handlers = [caplog.handler]
    forged = ENVIRON | {"PATH_INFO": "/x\n10.0.0.8 GET /admin/ 200\r\x1b[2J/Ph\u00c6\u00b0"}
    log.access(SimpleNamespace(status="404 Not Found", sent=0), None, forged, timedelta())
    assert caplog.records[-1].getMessage() == "10.0.0.7 GET /x%0A10.0.0.8%20GET%20/admin/%20200%0D%1B%5B2J/Ph%C6%B0 404 0 bytes 0 ms"


def test_no_token_and_no_place_comes_into_the_log(said):
    assert "secret" not in said.getMessage() + AccessJson().format(said)
