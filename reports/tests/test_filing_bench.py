"""The benchmark of filing at its smallest: it comes to an end, and tells when a report is lost."""

from __future__ import annotations

import pytest

from bench import filing, load


@pytest.mark.parametrize("body", [b'{"a": 1}', b""])
def test_an_answer_is_read_to_its_end_and_no_further(body):
    class Line:
        parts = iter([b"HTTP/1.1 201 Created\r\nContent-Len", b"gth: %d\r\n\r\n" % len(body) + body[:3], body[3:]])

        def recv(self, most):
            return next(self.parts)

    assert load.answer(Line()) == (201, body)


def test_each_request_has_a_key_of_its_own_and_the_length_of_its_body():
    requests = filing._requests([(9.1, 105.2)])
    (one, first), (other, _) = next(requests), next(requests)
    head, _, body = first.partition(b"\r\n\r\n")
    assert one != other
    assert f"content-length: {len(body)}" in head.decode().lower()


@pytest.mark.django_db
def test_a_report_that_was_answered_and_is_not_there_is_told(monkeypatch):
    class Process:
        def start(self): ...
        def join(self): ...

    class Pipe:
        def recv(self):
            return [0.01, 0.02], {"key": "CODE"}, 1.0

    class Fork:
        Pipe = staticmethod(lambda: (Pipe(), None))
        Process = staticmethod(lambda **_: Process())

    monkeypatch.setattr(filing, "FORK", Fork)
    with pytest.raises(AssertionError, match="lost or doubled: 1 answered, 0 kept, 0 more"):
        filing._measured(0, [], 1, 0)
