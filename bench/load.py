"""Load on a server of this machine: one process, a thread a client, each with one kept connection, for a time that is given."""

from __future__ import annotations

import itertools
import socket
import statistics
import threading
import time
from collections.abc import Sequence
from multiprocessing import get_context
from typing import Any

FORK = get_context("fork")


def load(port: int, paths: Sequence[str], *, clients: int, seconds: float, headers: str = "") -> dict[str, float]:
    """Asks for the paths in turn: requests a second, and milliseconds at p50, p95 and p99. Any other answer than 200 is an error."""
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=_clients, args=(theirs, port, paths, clients, seconds, headers))
    process.start()
    spent, took, wrong = ours.recv()
    process.join()
    if wrong:
        raise AssertionError(wrong[0])
    return {"a second": len(spent) / took, **{f"p{p}": percentile(spent, p) * 1e3 for p in (50, 95, 99)}}


def _clients(answers: Any, port: int, paths: Sequence[str], clients: int, seconds: float, headers: str) -> None:
    spent: list[float] = []
    wrong: list[str] = []
    start = time.perf_counter()

    def client(first: int) -> None:
        line = connect(port)
        for path in itertools.islice(itertools.cycle(paths), first, None):
            sent = time.perf_counter()
            if sent - start > seconds and len(spent) >= clients:
                return
            request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode()
            try:
                line.sendall(request)
                status, body = answer(line)
            except ConnectionError:  # closed after the answer before, as some servers do
                line = connect(port)
                line.sendall(request)
                status, body = answer(line)
            spent.append(time.perf_counter() - sent)
            if status != 200:
                wrong.append(f"{path}: {status} {body[:200]!r}")
                return

    threads = [threading.Thread(target=client, args=(number * 7,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.send((spent, time.perf_counter() - start, wrong))


def connect(port: int) -> socket.socket:
    """A connection that sends at once."""
    line = socket.create_connection(("127.0.0.1", port), timeout=60)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def answer(line: socket.socket) -> tuple[int, bytes]:
    """Status and body. By hand and not by http.client: what measures shares the processors with what is measured."""
    received = _more(line)
    while b"\r\n\r\n" not in received:
        received += _more(line)
    head, _, body = received.partition(b"\r\n\r\n")
    said = head.lower()
    if b"content-length:" in said:
        length = int(said.partition(b"content-length:")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += _more(line)
    else:  # in chunks
        while not body.endswith(b"0\r\n\r\n"):
            body += _more(line)
    return int(head[9:12]), body


def percentile(spent: Sequence[float], percent: int) -> float:
    """The percentile of at least two figures."""
    return statistics.quantiles(spent, n=100, method="inclusive")[percent - 1]


def _more(line: socket.socket) -> bytes:
    received = line.recv(1 << 18)
    if not received:
        raise ConnectionError("the server closed the connection")
    return received
