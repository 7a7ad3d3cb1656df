"""What peers are held to: their own limits, and the likest stranger that they met."""

from __future__ import annotations

from holdfast.bench.video.asked import Said, peer_rules, said_of_strangers

TMK = "TMK (perception) .7/.7"


def _said(alike: float, likest: float, strangers: int = 0, failed: bool = False) -> Said:
    found = {TMK: alike >= 0.7}
    return Said(found, {TMK: strangers}, {"TMK level 1": (alike, likest)}, [TMK] if failed else [])


def test_a_limit_without_a_stranger_is_over_the_likest_of_all() -> None:
    said = [_said(0.75, 0.2), _said(0.9, 0.8), _said(0.6, 0.1)]
    rules = peer_rules(said)
    assert [rules[TMK](one) for one in said] == [True, True, False]
    assert [rules["TMK level 1, no stranger"](one) for one in said] == [False, True, False]


def test_what_could_not_be_hashed_is_counted_and_not_found() -> None:
    said = [_said(0.9, 0.3, strangers=2), _said(0.0, 0.0, failed=True)]
    row = said_of_strangers(said)
    assert row == {TMK: 2, "TMK level 1, likest stranger": 0.3, f"{TMK}, clips not hashable": 1}
    assert [peer_rules(said)["TMK level 1, no stranger"](one) for one in said] == [True, False]


def test_without_peers_nothing_is_said() -> None:
    assert peer_rules([]) == {} and said_of_strangers([]) == {}
