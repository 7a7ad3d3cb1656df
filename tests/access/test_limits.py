"""Limits: the bucket against a plain oracle, refusals that take nothing, many threads."""

from __future__ import annotations

import threading
import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.access import limits as limits_module
from holdfast.access.limits import KeyLimits, Limiter, TokenBucket, retry_after_header
from holdfast.errors import LimitError, SettingsError


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


# Steps and rates that floating point holds exactly, so that the oracle must agree to the last bit.
EIGHTHS = st.integers(0, 400).map(lambda n: n / 8)


@given(
    rate=st.sampled_from([0.25, 0.5, 1.0, 2.0, 8.0]),
    capacity=st.integers(1, 20),
    steps=st.lists(st.tuples(EIGHTHS, st.integers(1, 30)), max_size=40),
)
def test_bucket_against_oracle(rate: float, capacity: int, steps: list[tuple[float, int]]) -> None:
    bucket = TokenBucket(rate, capacity, 0.0)
    level, now = Fraction(capacity), Fraction(0)
    for pause, amount in steps:
        now += Fraction(pause)
        level = min(Fraction(capacity), level + Fraction(pause) * Fraction(rate))
        missing = min(amount, capacity) - level
        expected_wait = missing / Fraction(rate) if missing > 0 else 0
        assert bucket.wait_s(amount, float(now)) == expected_wait
        if not expected_wait:
            bucket.take(amount)
            level = max(level - amount, Fraction(-capacity))


@given(
    rate=st.floats(0.01, 1000),
    capacity=st.floats(1, 5000),
    amounts=st.lists(st.floats(0.01, 6000), min_size=1, max_size=20),
)
def test_who_waits_as_long_as_told_passes(rate: float, capacity: float, amounts: list[float]) -> None:
    bucket, now = TokenBucket(rate, capacity, 0.0), 0.0
    taken = 0.0
    for amount in amounts:
        now += bucket.wait_s(amount, now)
        assert bucket.wait_s(amount, now) == 0.0
        bucket.take(amount)
        taken += min(amount, 2 * capacity)
        # The long-run rate holds, with one burst and one debt at most.
        assert taken <= capacity + rate * now + max(amounts) + 1e-6 * taken


@given(amounts=st.lists(st.floats(0, 1e15), min_size=1, max_size=5))
def test_no_amount_makes_anybody_wait_for_longer_than_two_fillings(amounts: list[float]) -> None:
    bucket = TokenBucket(2.0, 10.0, 0.0)
    for amount in amounts:
        bucket.take(amount)
    assert bucket.wait_s(10.0, 0.0) <= 2 * 10.0 / 2.0


def test_what_was_not_used_is_given_back() -> None:
    clock = Clock()
    limiter = Limiter(KeyLimits(bytes_per_minute=6000), clock=clock)
    for _ in range(20):
        with limiter.admit("a", size_bytes=5000):
            pass
        limiter.give_back("a", None, 5000)
    with limiter.admit("a", size_bytes=6000):
        pass
    with pytest.raises(LimitError, match="bytes"), limiter.admit("a", size_bytes=1):
        pytest.fail("more came back than was taken")


def test_a_clock_that_steps_back_gives_nothing() -> None:
    bucket = TokenBucket(1.0, 1.0, 100.0)
    bucket.take(1.0)
    assert bucket.wait_s(1.0, 90.0) == 1.0
    assert bucket.wait_s(1.0, 100.5) == 0.5


def test_requests_with_burst() -> None:
    clock = Clock()
    limiter = Limiter(KeyLimits(requests_per_s=2, burst_requests=3), clock=clock)
    for _ in range(3):
        with limiter.admit("a"):
            pass
    with pytest.raises(LimitError, match="limit on requests") as refused, limiter.admit("a"):
        pytest.fail("the fourth request passed")
    assert refused.value.retry_after_s == 0.5
    assert retry_after_header(refused.value) == "1"
    with limiter.admit("b"):  # another key has its own
        pass
    clock.now_s += 0.5
    with limiter.admit("a"):
        pass


def test_requests_at_once() -> None:
    limiter = Limiter(KeyLimits(concurrent_requests=2), clock=Clock())
    with limiter.admit("a"), limiter.admit("a"):
        with pytest.raises(LimitError, match="requests at once"), limiter.admit("a"):
            pytest.fail("the third passed")
        with limiter.admit("b"):
            pass
    with pytest.raises(ValueError, match="from inside"), limiter.admit("a"):
        raise ValueError("from inside")
    with limiter.admit("a"), limiter.admit("a"):  # a failed request gave its place back
        pass


def test_bytes_and_look_ups_a_minute() -> None:
    clock = Clock()
    limiter = Limiter(KeyLimits(bytes_per_minute=6000, hash_lookups_per_minute=60), clock=clock)
    with limiter.admit("a", size_bytes=9000):  # larger than a minute: passes on a full bucket, leaves a debt
        pass
    with pytest.raises(LimitError, match="limit on bytes") as refused, limiter.admit("a", size_bytes=1000):
        pytest.fail("the debt was forgotten")
    assert refused.value.retry_after_s == pytest.approx(40)
    assert retry_after_header(refused.value) == "40"
    with limiter.admit("a", hash_lookups=60):  # no bytes: not held back by them
        pass
    with pytest.raises(LimitError, match="hash look-ups") as refused, limiter.admit("a", hash_lookups=1):
        pytest.fail("the 61st look-up passed")
    assert refused.value.retry_after_s == pytest.approx(1)


def test_the_longest_wait_is_told() -> None:
    limiter = Limiter(KeyLimits(bytes_per_minute=60, hash_lookups_per_minute=60), clock=Clock())
    limiter.charge("a", size_bytes=70, hash_lookups=100)
    with pytest.raises(LimitError) as refused, limiter.admit("a", size_bytes=1, hash_lookups=1):
        pytest.fail("passed")
    assert refused.value.retry_after_s == pytest.approx(41)


def test_charge_holds_back_the_next() -> None:
    limiter = Limiter(KeyLimits(bytes_per_minute=6000), clock=Clock())
    with limiter.admit("a"):
        limiter.charge("a", size_bytes=6100)
    with pytest.raises(LimitError, match="bytes"), limiter.admit("a", size_bytes=1):
        pytest.fail("passed")


def test_a_refusal_takes_nothing() -> None:
    clock = Clock()
    limiter = Limiter(KeyLimits(requests_per_s=1, burst_requests=10, hash_lookups_per_minute=60), clock=clock)
    with limiter.admit("a", hash_lookups=60):
        pass
    for _ in range(50):
        with pytest.raises(LimitError, match="look-ups"), limiter.admit("a", hash_lookups=1):
            pytest.fail("passed")
    for _ in range(9):  # the requests that are left of the burst of ten
        with limiter.admit("a"):
            pass
    with pytest.raises(LimitError, match="requests"), limiter.admit("a"):
        pytest.fail("passed")


def test_own_limits_of_a_key_and_a_process_share() -> None:
    limiter = Limiter(KeyLimits(), share=0.25, clock=Clock())
    own = KeyLimits(requests_per_s=1, burst_requests=8, concurrent_requests=2)
    for _ in range(2):
        with (
            limiter.admit("a", own),
            pytest.raises(LimitError, match="at once"),  # a share of two at once is one, not none
            limiter.admit("a", own),
        ):
            pytest.fail("passed")
    with pytest.raises(LimitError, match="limit on requests"), limiter.admit("a", own):
        pytest.fail("a share of a burst of eight is two")


def test_no_limit() -> None:
    none = KeyLimits(None, 1, None, None, None)
    limiter = Limiter(none, clock=Clock())
    for _ in range(5000):
        with limiter.admit("a", size_bytes=10**12, hash_lookups=10**9):
            pass


@pytest.mark.parametrize(
    "change",
    [
        {"requests_per_s": 0},
        {"requests_per_s": float("inf")},
        {"burst_requests": 0.5},
        {"concurrent_requests": -1},
        {"bytes_per_minute": float("nan")},
        {"hash_lookups_per_minute": 0},
    ],
)
def test_limits_that_make_no_sense(change: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=next(iter(change))):
        KeyLimits(**change)  # type: ignore[arg-type]


@pytest.mark.parametrize("share", [0, -1, 1.5])
def test_shares_that_make_no_sense(share: float) -> None:
    with pytest.raises(SettingsError, match="share"):
        Limiter(KeyLimits(), share=share)


class UnhurriedBucket(TokenBucket):
    """Lets the other threads run between the look and the taking."""

    def wait_s(self, amount: float, now_s: float) -> float:
        wait_s = super().wait_s(amount, now_s)
        time.sleep(0.001)
        return wait_s


@pytest.mark.parametrize(("burst", "places"), [(20, 64), (400, 3)])
def test_under_threads(monkeypatch: pytest.MonkeyPatch, burst: int, places: int) -> None:
    """Eight threads, a clock that stands still: exactly the burst passes, never too many run at once."""
    monkeypatch.setattr(limits_module, "TokenBucket", UnhurriedBucket)
    asked = KeyLimits(requests_per_s=1, burst_requests=burst, concurrent_requests=places)
    limiter = Limiter(asked, clock=Clock())
    lock, running, most, passed, no_place = threading.Lock(), 0, 0, 0, 0

    def work() -> None:
        nonlocal running, most, passed, no_place
        for _ in range(10):
            try:
                with limiter.admit("a"):
                    with lock:
                        running += 1
                        most = max(most, running)
                        passed += 1
                    time.sleep(0.002)
                    with lock:
                        running -= 1
            except LimitError as error:
                with lock:
                    no_place += "at once" in str(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most <= places
    assert passed == min(burst, 80 - no_place)  # a refusal for want of a place took no token


def test_idle_keys_are_forgotten_and_busy_ones_are_not() -> None:
    clock = Clock()
    limiter = Limiter(KeyLimits(requests_per_s=1, burst_requests=1), max_subjects=10, clock=clock)
    with limiter.admit("busy"):
        for n in range(9):
            with limiter.admit(f"idle {n}"):
                pass
        clock.now_s += 5
        with limiter.admit("spent"):
            pass
        for n in range(1000):
            clock.now_s += 2
            with limiter.admit(f"other {n}"):
                pass
        assert len(limiter._states) <= 20
        assert "busy" in limiter._states
