"""The follower looks, says how old its last look is, and outlives whatever the records do."""

from __future__ import annotations

import time

import pytest

from holdfast.errors import RecordsUnavailableError
from holdfast.service.follower import Follower


class Lists:
    def __init__(self) -> None:
        self.looks = 0
        self.fails = False

    def refresh(self) -> None:
        self.looks += 1
        if self.fails:
            raise RecordsUnavailableError("away")


def _ready(follower: Follower) -> bool:
    """A look through a function, for type checkers that believe a property to stay as it was."""
    return follower.is_ready


def test_ready_only_with_a_look_that_is_not_too_old() -> None:
    lists, now = Lists(), [100.0]
    follower = Follower(lists.refresh, lambda: 7, every_s=1, stale_s=30, clock=lambda: now[0])
    assert not _ready(follower) and follower.age_s() == float("inf")
    follower.look()
    now[0] += 30
    assert _ready(follower) and follower.list_version == 7
    now[0] += 0.1
    assert not _ready(follower)
    lists.fails = True
    with pytest.raises(RecordsUnavailableError):
        follower.look()
    assert not _ready(follower)
    lists.fails = False
    follower.look()
    assert _ready(follower)


def test_the_thread_goes_on_after_failures() -> None:
    lists = Lists()
    lists.fails = True
    follower = Follower(lists.refresh, lambda: 0, every_s=0.01, stale_s=600)
    follower.start()
    deadline = time.monotonic() + 120
    while lists.looks < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _ready(follower)
    lists.fails = False
    while not _ready(follower) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert _ready(follower)
    follower.stop()
    looks = lists.looks
    time.sleep(0.05)
    assert lists.looks == looks
