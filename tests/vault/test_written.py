"""Keys that are written down."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import UsageError
from holdfast.vault.written import parse_key, write_key

PREFIX = "holdfast-example-"


@given(st.binary(min_size=32, max_size=32))
def test_a_key_comes_back(key: bytes) -> None:
    text = write_key(key, PREFIX)
    assert len(text) == len(PREFIX) + 43 and parse_key(f"  {text}\n", PREFIX) == key


@pytest.mark.parametrize(
    "text",
    ["", PREFIX, PREFIX + "A" * 42, PREFIX + "A" * 44, "A" * 43, "other-" + "A" * 43, PREFIX + "é" * 43],
)
def test_what_is_no_key_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_key(text, PREFIX)
    assert "AAA" not in str(refused.value)
