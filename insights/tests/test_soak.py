"""Writers, readers and the folding job at once, killed in between: the short form of `make bench ARGS=soak`."""

import pytest

from bench.soak import soak


@pytest.mark.django_db(transaction=True)
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_whoever_is_killed_every_answer_is_exact_and_so_is_the_end(pothole, body_a):
    found = soak(seconds=3, writers=3, readers=1, kill_database=False)
    assert found["killed"] > 0
    assert found["answers"] > 0
