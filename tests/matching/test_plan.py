"""The plan: what it promises about memory and about missing nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.matching import kernels, plan
from holdfast.matching.plan import CODE_BITS, Plan, choose_plan, cost_limit, reach_for

SIZES = [8192, 30_000, 1_000_000, 10_000_000, 2**24, 100_000_000]


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("one_parity", [False, True])
def test_plans_are_sound_and_small(count: int, one_parity: bool) -> None:
    chosen = choose_plan(count, one_parity=one_parity)
    assert chosen.is_sound()
    assert sum(chosen.widths) == CODE_BITS
    tables = 4 * chosen.offset_bases(count)[-1] + 5 * len(chosen.widths) * count
    if count >= 1_000_000:
        assert 32 + 4 + tables / count <= 130


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("one_parity", [False, True])
def test_radii_cover_the_radius(count: int, one_parity: bool) -> None:
    for radius in range(64):
        radii = reach_for(choose_plan(count, one_parity=one_parity), radius, count, cost_limit(count))
        assert radii is None or (int((radii + 1).sum()) == radius + 1 and radii.min() >= -1)
        assert radii is not None or count < 1_000_000 or radius > 55


def test_few_codes_are_scanned() -> None:
    assert choose_plan(8191) == Plan((), ())
    assert reach_for(Plan((), ()), 31, 8191, cost_limit(8191)) is None


def test_kernels_count_work_as_plans_do() -> None:
    for name in ("LOOK_UP_COST", "SIGNATURES_FOR_ONE", "CANDIDATE_COST"):
        assert getattr(kernels, name) == getattr(plan, name)


@given(st.integers(0, 63), st.data())
def test_some_chunk_leads_to_every_code_within_the_radius(radius: int, data: st.DataObject) -> None:
    """The pigeonhole, and the second test beside it, for differing bits spread over the chunks in any way."""
    chosen = choose_plan(10_000_000, one_parity=data.draw(st.booleans()))
    radii = reach_for(chosen, radius, 10_000_000, 10**12)
    assert radii is not None
    chunks = len(chosen.widths)
    distance = data.draw(st.integers(0, radius))
    where = data.draw(st.lists(st.integers(0, chunks - 1), min_size=distance, max_size=distance))
    bits = np.bincount(where, minlength=chunks).astype(int)
    assert any(
        bits[i] <= radii[i] and bits[i] + bits[(i + 1) % chunks] <= radii[i] + radii[(i + 1) % chunks] + 1
        for i in range(chunks)
    )


@pytest.mark.parametrize(
    "unsound",
    [
        Plan((256,), (8,)),
        Plan((128, 127), (8, 8)),
        Plan((128, 128), (8, 7)),
        Plan((16,) * 16, (17,) * 16),
        Plan((16,) * 16, (16,) * 15),
        Plan((16,) * 16, (16,) * 16, 25),
    ],
)
def test_plans_that_kernels_cannot_work_with_are_told(unsound: Plan) -> None:
    assert not unsound.is_sound()
