"""What the imports made lives as long as the run: the collector of garbage need not go through it again and again."""

import gc

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Takes everything that stands now out of the collector's sight."""
    gc.collect()
    gc.freeze()
