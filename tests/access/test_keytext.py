"""The text of a key: form, checksum, no trace of the secret."""

from __future__ import annotations

import hashlib
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.access.keytext import PATTERN, new_key_text, parse_key_text, redact


def test_form() -> None:
    key = new_key_text()
    assert re.fullmatch(PATTERN, key.text)
    assert len(key.text) == 65
    assert key.text.startswith(f"hf_{key.key_id}_")
    assert key.digest == hashlib.sha256(key.text.encode()).digest()
    assert parse_key_text(key.text) == key


def test_checksum_is_crc32_in_base62() -> None:
    """Computed here by hand, as a secret scanner would."""
    text = new_key_text().text
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    value = 0
    for letter in text[-6:]:
        value = value * 62 + letters.index(letter)
    assert value == zlib.crc32(text[:-6].encode())


def test_every_key_differs() -> None:
    keys = [new_key_text() for _ in range(500)]
    assert len({key.key_id for key in keys}) == len({key.text[16:59] for key in keys}) == 500
    # All 62 letters turn up in each place but the first: 62^43 is just above 2^256.
    assert {letter for key in keys for letter in key.text[17:59]} >= set("059AZaz")


def test_rotation_keeps_the_id() -> None:
    first = new_key_text()
    second = new_key_text(first.key_id)
    assert second.key_id == first.key_id
    assert second.text != first.text


def test_a_changed_letter_is_noticed() -> None:
    text = new_key_text().text
    for place in range(3, len(text)):
        other = "x" if text[place] != "x" else "y"
        assert parse_key_text(text[:place] + other + text[place + 1 :]) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: text[:-1],
        lambda text: text + "0",
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text.upper(),
        lambda text: text.replace("hf_", "hg_"),
        lambda text: "Bearer " + text,
        lambda text: text.replace("_", "-"),
        lambda text: text[:20] + "٣" + text[21:],  # a digit, but not one of ours
        lambda text: text[:20] + "\x00" + text[21:],
        lambda text: text * 1000,
    ],
)
def test_malformed(change: object) -> None:
    assert callable(change)
    assert parse_key_text(change(new_key_text().text)) is None


@given(st.text(max_size=200))
def test_any_text_is_only_refused(text: str) -> None:
    assert parse_key_text(text) is None


def test_no_secret_in_representation() -> None:
    key = new_key_text()
    assert key.text[16:59] not in f"{key!r} {key}"
    assert repr(key.digest) not in repr(key)
    assert key.key_id in repr(key)


def test_redact() -> None:
    key, other = new_key_text(), new_key_text()
    line = f"GET /hma/{key.text}/m/lookup referer=http://x/{other.text[:40]} done"
    assert redact(line) == (
        f"GET /hma/hf_{key.key_id}_[redacted]/m/lookup referer=http://x/hf_{other.key_id}_[redacted] done"
    )
    assert redact("no key here: hf_ hf_abc_def") == "no key here: hf_ hf_abc_def"
