"""Whatever is done to an encrypted object is found out, and no byte after the fault is given."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import ObjectDamagedError
from holdfast.vault.envelope import (
    CHUNK_BYTES,
    HEADER_BYTES,
    decrypt,
    encrypt,
    new_data_key,
    open_small,
    seal_small,
)

KEY = bytes(range(32))
OBJECT = bytes(range(100, 116))
CHUNK = 16
SEALED_CHUNK = CHUNK + 16
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5]


def _sealed(plain: bytes, key: bytes = KEY, object_id: bytes = OBJECT) -> bytes:
    return b"".join(encrypt([plain], key=key, object_id=object_id, chunk_bytes=CHUNK))


def _opened(sealed: bytes, key: bytes = KEY, object_id: bytes = OBJECT) -> bytes:
    return b"".join(decrypt([sealed], key=key, object_id=object_id))


def _given_before_the_fault(sealed: bytes, key: bytes = KEY, object_id: bytes = OBJECT) -> bytes:
    given_out = b""
    with pytest.raises(ObjectDamagedError):
        for piece in decrypt([sealed], key=key, object_id=object_id):
            given_out += piece
    return given_out


@given(plain=st.binary(max_size=200), cuts=st.lists(st.integers(1, 40), max_size=20), log2=st.integers(4, 8))
def test_round_trip_however_the_bytes_arrive(plain: bytes, cuts: list[int], log2: int) -> None:
    def in_pieces(data: bytes) -> Iterator[bytes]:
        at = 0
        for cut in cuts:
            yield data[at : at + cut]
            at += cut
        yield data[at:]

    sealed = b"".join(encrypt(in_pieces(plain), key=KEY, object_id=OBJECT, chunk_bytes=1 << log2))
    assert b"".join(decrypt(in_pieces(sealed), key=KEY, object_id=OBJECT)) == plain
    assert len(plain) < 16 or plain not in sealed


@pytest.mark.parametrize("size", SIZES)
def test_every_single_bit_flip_is_detected(size: int) -> None:
    plain = os.urandom(size)
    sealed = _sealed(plain)
    for bit in range(len(sealed) * 8):
        altered = bytearray(sealed)
        altered[bit // 8] ^= 1 << bit % 8
        given_out = _given_before_the_fault(bytes(altered))
        whole_chunks_before = max(0, bit // 8 - HEADER_BYTES) // SEALED_CHUNK
        assert given_out == plain[: whole_chunks_before * CHUNK]


@pytest.mark.parametrize("size", SIZES)
def test_every_truncation_and_extension_is_detected(size: int) -> None:
    plain = os.urandom(size)
    sealed = _sealed(plain)
    for length in range(len(sealed)):
        assert plain.startswith(_given_before_the_fault(sealed[:length]))
    for extra in (b"\0", os.urandom(SEALED_CHUNK), sealed[HEADER_BYTES:], sealed):
        _given_before_the_fault(sealed + extra)


def test_every_order_of_chunks_but_the_true_one_is_detected() -> None:
    sealed = _sealed(os.urandom(4 * CHUNK))
    header, body = sealed[:HEADER_BYTES], sealed[HEADER_BYTES:]
    chunks = [body[at : at + SEALED_CHUNK] for at in range(0, len(body), SEALED_CHUNK)]
    assert len(chunks) == 4
    for first in range(4):
        for second in range(4):
            if first != second:
                moved = list(chunks)
                moved[first], moved[second] = moved[second], moved[first]
                _given_before_the_fault(header + b"".join(moved))
                moved[second] = chunks[second]
                _given_before_the_fault(header + b"".join(moved))  # one chunk twice
        _given_before_the_fault(header + b"".join(chunks[:first] + chunks[first + 1 :]))


def test_another_object_or_part_of_one_in_its_place_is_detected() -> None:
    other_id = os.urandom(16)
    one, other = _sealed(os.urandom(40)), _sealed(os.urandom(40), object_id=other_id)
    assert _given_before_the_fault(other) == b""
    assert _given_before_the_fault(one[:HEADER_BYTES] + other[HEADER_BYTES:]) == b""
    again = _sealed(os.urandom(40))  # same key and id: only the nonce prefix differs
    assert _given_before_the_fault(one[:HEADER_BYTES] + again[HEADER_BYTES:]) == b""


def test_a_wrong_key_gives_a_clear_error_and_nothing_else() -> None:
    with pytest.raises(ObjectDamagedError, match="the key does not fit"):
        next(decrypt([_sealed(b"benign")], key=new_data_key(), object_id=OBJECT))


@pytest.mark.parametrize("junk", [b"", b"plain bytes that nobody encrypted" * 10])
def test_bytes_that_are_no_object_are_refused(junk: bytes) -> None:
    with pytest.raises(ObjectDamagedError, match="no Holdfast object"):
        _opened(junk)


def test_two_encryptions_share_nothing() -> None:
    plain = bytes(64)
    assert _sealed(plain)[HEADER_BYTES:] != _sealed(plain)[HEADER_BYTES:]


def test_facts_are_bound_to_key_and_object() -> None:
    sealed = seal_small(b"facts", key=KEY, object_id=OBJECT)
    assert open_small(sealed, key=KEY, object_id=OBJECT) == b"facts"
    for key, object_id, data in [
        (new_data_key(), OBJECT, sealed),
        (KEY, os.urandom(16), sealed),
        (KEY, OBJECT, sealed[:-1]),
        (KEY, OBJECT, b""),
    ]:
        with pytest.raises(ObjectDamagedError):
            open_small(data, key=key, object_id=object_id)


def test_a_long_film_streams_in_bounded_memory() -> None:
    block = os.urandom(1024 * 1024)
    tracemalloc.start()
    sealed = encrypt((block for _ in range(48)), key=KEY, object_id=OBJECT)
    total = sum(len(piece) for piece in decrypt(sealed, key=KEY, object_id=OBJECT))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 48 * len(block)
    assert peak < 12 * CHUNK_BYTES
