"""A pool of decode workers for the tests that only look at its answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from holdfast.media.pool import DecodePool


@pytest.fixture(scope="session")
def pool() -> Iterator[DecodePool]:
    with DecodePool(workers=2) as pool:
        yield pool
