"""The alarm against probing, and that it keeps nothing about those who match nothing."""

from __future__ import annotations

import gc
import threading

import pytest

from holdfast.access.probing import Probe, ProbingRule, ProbingWatch

ENTRY_CODE = int.from_bytes(bytes(range(32)))


def code(distance_bits: int, variant: int = 0) -> bytes:
    """A fingerprint that many bits from the entry's, another one for each variant."""
    changed = 0
    for n in range(distance_bits):
        changed |= 1 << ((n * 7 + variant * 13) % 256)
    assert changed.bit_count() == distance_bits
    return (ENTRY_CODE ^ changed).to_bytes(32)


def match(
    watch: ProbingWatch, account: str, distance_bits: int, when_s: float, *, entry_id: int = 9
) -> Probe | None:
    return watch.note(account, entry_id, distance_bits, when_s, code=code(distance_bits))


def test_versions_of_one_entry_raise_the_alarm() -> None:
    watch = ProbingWatch()
    answers = [match(watch, "anna", bits, 100.0 + bits) for bits in (2, 10, 18, 24, 30)]
    assert answers[:4] == [None] * 4
    assert answers[4] == Probe(
        entry_id=9,
        versions=5,
        matches=5,
        misses=0,
        nearest_bits=2,
        farthest_bits=30,
        first_s=102.0,
        last_s=130.0,
        limited_until_s=1030.0,
    )
    assert watch.limited_for_s("anna", 130.0) == 900.0
    assert watch.limited_for_s("anna", 1029.0) == 1.0
    assert watch.limited_for_s("anna", 1030.0) == 0.0
    assert watch.limited_for_s("bert", 130.0) == 0.0


def test_the_same_copy_again_is_no_probing() -> None:
    watch = ProbingWatch()
    assert [match(watch, "anna", 4, float(n)) for n in range(200)] == [None] * 200
    assert watch.limited_for_s("anna", 200.0) == 0.0


def test_many_known_pictures_are_no_probing() -> None:
    watch = ProbingWatch()
    assert not any(match(watch, "anna", n % 30, float(n), entry_id=n) for n in range(200))


def test_accounts_are_told_apart() -> None:
    watch = ProbingWatch()
    assert not any(match(watch, f"account {n}", n % 31, float(n)) for n in range(200))


def test_slowly_is_no_alarm() -> None:
    watch = ProbingWatch()
    assert not any(match(watch, "anna", n % 31, n * 150.0) for n in range(60))  # four in any ten minutes


def test_versions_that_got_away_count() -> None:
    watch = ProbingWatch()
    assert match(watch, "anna", 30, 0.0) is None
    assert [watch.note_no_match("anna", code(30 + n), float(n)) for n in (2, 4, 6)] == [None] * 3
    probe = watch.note_no_match("anna", code(40), 8.0)
    assert probe is not None
    assert (probe.versions, probe.matches, probe.misses) == (5, 1, 4)


def test_unrelated_pictures_of_a_matched_account_do_not_count() -> None:
    watch = ProbingWatch()
    match(watch, "anna", 0, 0.0)
    assert watch.note_no_match("anna", code(48), 1.0) is None  # 48 bits: counts
    for n in range(100):
        assert watch.note_no_match("anna", code(49 + n), 2.0) is None  # more: does not
    for n in range(2, 4):
        assert match(watch, "anna", n, 3.0) is None
    assert match(watch, "anna", 5, 4.0) is not None


def test_a_miss_is_measured_from_matches_only() -> None:
    """Otherwise a chain of misses would walk away from the entry and take any picture along."""
    watch = ProbingWatch(ProbingRule(versions=3))
    match(watch, "anna", 0, 0.0)
    assert watch.note_no_match("anna", code(40), 1.0) is None
    assert watch.note_no_match("anna", code(80), 2.0) is None
    assert watch.note_no_match("anna", code(81), 2.0) is None
    assert watch.note_no_match("anna", code(41), 3.0) is not None


def test_alarm_again_at_each_doubling_and_longer_limit() -> None:
    watch = ProbingWatch()
    alarms = [n + 1 for n in range(60) if match(watch, "anna", n, float(n)) is not None]
    assert alarms == [5, 10, 20, 40]
    assert watch.limited_for_s("anna", 59.0) == 900.0


def test_after_a_quiet_window_it_counts_anew() -> None:
    watch = ProbingWatch()
    assert [match(watch, "anna", n, float(n)) is not None for n in range(6)] == [False] * 4 + [True, False]
    assert [match(watch, "anna", n, 5000.0 + n) is not None for n in range(5)] == [False] * 4 + [True]


def test_nothing_is_kept_about_who_matches_nothing() -> None:
    watch = ProbingWatch()
    match(watch, "anna", 3, 0.0)
    for n in range(1000):
        assert watch.note_no_match(f"quiet {n}", code(n % 60), 1.0) is None
        assert watch.limited_for_s(f"quiet {n}", 1.0) == 0.0
    assert watch.accounts_kept(1.0) == 1
    assert not _strings_held_by(watch, "quiet")


def test_an_account_is_never_kept_by_name() -> None:
    watch = ProbingWatch()
    for n in range(10):
        match(watch, "anna@example.org", n, float(n))
    assert watch.accounts_kept(10.0) == 1
    assert not _strings_held_by(watch, "anna")
    names = [*watch._accounts, *ProbingWatch()._accounts]
    assert names == [watch._name("anna@example.org")]
    assert ProbingWatch()._name("anna@example.org") != names[0]  # another process, another key


def test_forgotten_after_the_window_and_after_the_limit() -> None:
    watch = ProbingWatch()
    match(watch, "anna", 3, 0.0)
    for n in range(5):
        match(watch, "bert", n, 10.0)
    assert watch.accounts_kept(599.0) == 2
    assert watch.accounts_kept(600.0) == 1
    assert watch.accounts_kept(610.0) == 1  # the limit only: no fingerprint any more
    assert not watch._accounts
    assert watch.limited_for_s("bert", 611.0) == 299.0
    assert watch.accounts_kept(910.0) == 0


def test_old_fingerprints_go_while_the_account_stays() -> None:
    watch = ProbingWatch()
    match(watch, "anna", 3, 0.0, entry_id=1)
    match(watch, "anna", 5, 500.0, entry_id=2)
    match(watch, "anna", 6, 700.0, entry_id=2)
    (account,) = watch._accounts.values()
    assert list(account.versions) == [2]


def test_memory_is_bounded() -> None:
    watch = ProbingWatch(ProbingRule(max_accounts=50, max_versions=8))
    for n in range(500):
        match(watch, f"account {n}", 1, 0.0)
    assert watch.accounts_kept(0.0) <= 51
    for n in range(200):
        match(watch, "anna", n, 0.0)
    assert max(len(v) for a in watch._accounts.values() for v in a.versions.values()) <= 8


def test_no_fingerprint_in_representations() -> None:
    watch = ProbingWatch(ProbingRule(versions=1))
    probe = match(watch, "anna", 3, 0.0)
    number = str(int.from_bytes(code(3)))
    (account,) = watch._accounts.values()
    (version,) = account.versions[9]
    assert number not in f"{probe!r} {account!r} {version!r} {watch!r}"


def test_under_threads_one_alarm_per_threshold() -> None:
    watch = ProbingWatch()
    alarms: list[Probe] = []

    def work(first: int) -> None:
        for n in range(first, 32, 8):
            probe = match(watch, "anna", n, 1.0)
            if probe is not None:
                alarms.append(probe)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(probe.versions for probe in alarms) == [5, 10, 20]


@pytest.mark.parametrize("account", ["", "a" * 100_000, "\ud800", "Ж", "a\x00b"])
def test_any_account_text(account: str) -> None:
    watch = ProbingWatch(ProbingRule(versions=1))
    assert match(watch, account, 1, 0.0) is not None
    assert watch.limited_for_s(account, 0.0) > 0


def _strings_held_by(root: object, part: str) -> list[str]:
    """Every string with ``part`` that can be reached from an object's data."""
    found, seen, todo = [], set[int](), [root]
    while todo:
        item = todo.pop()
        if id(item) in seen or isinstance(item, type) or callable(item):
            continue
        seen.add(id(item))
        if isinstance(item, str) and part in item:
            found.append(item)
        todo.extend(gc.get_referents(item))
    return found
