"""What waits for a deep check comes back as it was."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from holdfast.decisions.facts import Context
from holdfast.errors import ObjectDamagedError
from holdfast.hashing.views.small import SmallLuma
from holdfast.records.idempotency import Request
from holdfast.screening.waiting import WaitingUpload

CONTEXT = Context(
    content_reference="post/8f31 ✓",
    account="user-4711",
    surface="public",
    urls=("https://photos.example/p/8f31",),
    country="US",
    uploaded_at=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
    ip="203.0.113.7",
    port=51334,
    original_name="Ferien ü.jpg",
)


@pytest.mark.parametrize("request_", [None, Request("key-1", "key:abc", "POST /v1/screen", b"\0\xff body")])
@pytest.mark.parametrize("context", [Context(), CONTEXT])
def test_it_comes_back_as_it_was(context: Context, request_: Request | None) -> None:
    random = np.random.default_rng(3)
    lumas = [
        (index, SmallLuma(random.integers(0, 256, shape, np.uint8), 1600, 1004))
        for index, shape in ((0, (20, 31)), (7, (12, 9)))
    ]
    made = WaitingUpload(context, "key:abc", (3, 9), 4711, bytes(range(32)), lumas, request_)
    back = WaitingUpload.from_bytes(made.to_bytes())
    assert (back.context, back.by, back.banks, back.size_bytes) == (context, "key:abc", (3, 9), 4711)
    assert (back.sha256, back.request) == (bytes(range(32)), request_)
    for (index, luma), (other, same) in zip(lumas, back.lumas, strict=True):
        assert (index, luma.width, luma.height) == (other, same.width, same.height)
        assert np.array_equal(luma.pixels, same.pixels)


@pytest.mark.parametrize("damage", [b"", b"\0\0\0\4nope", b"\0\0\0\2{}", b"\0\0\0\2[]", b"\0\0\0\1"])
def test_anything_else_is_refused(damage: bytes) -> None:
    with pytest.raises(ObjectDamagedError):
        WaitingUpload.from_bytes(damage)
