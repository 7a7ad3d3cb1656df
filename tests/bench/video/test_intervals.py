"""Shares and their intervals."""

from __future__ import annotations

import pytest

from holdfast.bench.video.intervals import share_by_source


def test_wilsons_interval() -> None:
    share = share_by_source((str(n), n < 8) for n in range(10))
    assert share.mean == 0.8 and (share.cases, share.sources) == (10, 10)
    assert (share.low, share.high) == pytest.approx((0.490, 0.943), abs=0.001)


def test_clips_of_one_source_make_it_no_surer() -> None:
    one = share_by_source((str(n), n < 8) for n in range(10))
    many = share_by_source((str(n), n < 8) for n in range(10) for _ in range(50))
    assert many.cases == 500
    assert (many.low, many.high) == pytest.approx((one.low, one.high))


def test_all_and_nothing() -> None:
    assert share_by_source([("a", True), ("b", True)]).high == 1.0
    assert 0 < share_by_source([("a", True), ("b", True)]).low < 1
    assert share_by_source([]).sources == 0
