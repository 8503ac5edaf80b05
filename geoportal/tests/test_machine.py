"""Processes are counted by what a container may use, not by what its host has."""

from __future__ import annotations

import os

import pytest

from geoportal import machine


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host of 64 processors and 256 GB; a test writes the files of its control groups."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: range(64))
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 64_000_000, "SC_PAGE_SIZE": 4000}.__getitem__)

    def write(**files):
        for name, text in files.items():
            file = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text + "\n")
        return tmp_path

    return write


CGROUP = "sys__fs__cgroup__"


def test_without_a_limit_they_are_those_of_the_host(host):
    root = host(**{f"{CGROUP}cpu_dot_max": "max 100000", f"{CGROUP}memory_dot_max": "max"})
    assert (machine.processors(root), machine.memory_mb(root)) == (64, 256_000)
    assert (machine.web_processes(root), machine.jobs_at_once(root)) == (machine.MOST_WEB, machine.MOST_JOBS)


@pytest.mark.parametrize(
    "files",
    [
        {f"{CGROUP}cpu_dot_max": "200000 100000"},
        {f"{CGROUP}cpu__cpu.cfs_quota_us": "200000", f"{CGROUP}cpu__cpu.cfs_period_us": "100000"},
        {"proc__self__cgroup": "0::/pods/this", f"{CGROUP}pods__cpu_dot_max": "200000 100000", f"{CGROUP}pods__this__cpu_dot_max": "max 1"},
        {
            "proc__self__cgroup": "4:cpu,cpuacct:/this",
            f"{CGROUP}cpu__this__cpu.cfs_quota_us": "200000",
            f"{CGROUP}cpu__this__cpu.cfs_period_us": "100000",
        },
    ],
)
def test_a_container_of_two_processors_on_a_large_host_gets_three_processes(host, files):
    root = host(**files)
    assert (machine.web_processes(root), machine.jobs_at_once(root)) == (3, 2)


def test_half_a_processor_still_gets_two_processes(host):
    assert machine.web_processes(host(**{f"{CGROUP}cpu_dot_max": "50000 100000"})) == 2


@pytest.mark.parametrize("file", ["memory_dot_max", "memory__memory.limit_in_bytes"])
@pytest.mark.parametrize(("megabytes", "processes"), [(512, 2), (2000, 4), (64_000, 9)])
def test_small_memory_means_fewer_processes(host, file, megabytes, processes):
    assert machine.web_processes(host(**{CGROUP + file: str(megabytes * 1_000_000)})) == processes


def test_no_limit_in_the_first_version_of_control_groups_is_a_very_large_number(host):
    root = host(**{f"{CGROUP}memory__memory.limit_in_bytes": "9223372036854771712", f"{CGROUP}cpu__cpu.cfs_quota_us": "-1"})
    assert (machine.processors(root), machine.memory_mb(root)) == (64, 256_000)
