"""The three digests against hashlib, over every kind of source."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import UnreadableError
from holdfast.hashing.digest import digests


def test_known_values() -> None:
    of_abc = digests(b"abc")  # RFC 1321; FIPS 180-4
    assert of_abc.md5_hex == "900150983cd24fb0d6963f7d28e17f72"
    assert of_abc.sha1_hex == "a9993e364706816aba3e25717850c26c9cd0d89d"
    assert of_abc.sha256_hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert of_abc.sha256_hex not in repr(of_abc)


@given(st.binary(max_size=5000))
def test_memory_and_open_files_agree_with_hashlib(data: bytes) -> None:
    expected = (hashlib.md5(data).digest(), hashlib.sha1(data).digest(), hashlib.sha256(data).digest())
    for source in (data, bytearray(data), memoryview(data), io.BytesIO(data)):
        ours = digests(source)
        assert ((ours.md5, ours.sha1, ours.sha256), ours.size_bytes) == (expected, len(data))


def test_a_file_longer_than_a_chunk(tmp_path: Path) -> None:
    data = os.urandom(3_000_001)
    path = tmp_path / "long.bin"
    path.write_bytes(data)
    assert digests(path) == digests(str(path)) == digests(data)
    assert digests(path).sha256 == hashlib.sha256(data).digest()


def test_what_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path / "absent", tmp_path, pipe):
        with pytest.raises(UnreadableError, match="not read"):
            digests(path)
