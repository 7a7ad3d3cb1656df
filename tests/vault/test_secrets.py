"""Sealed secrets open in their own context, with their own key, and in no other way."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import KeyUnavailableError, ObjectDamagedError
from holdfast.vault.keys import FileKeys, add_key, create_key_file
from holdfast.vault.secrets import KeySealer


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    create_key_file(folder / "k", home=folder / "home")
    return folder / "k"


def _sealer(key_file: Path) -> KeySealer:
    return KeySealer(FileKeys(key_file, home=key_file.parent / "home"))


def test_a_secret_comes_back_also_after_a_rotation(key_file: Path) -> None:
    sealer = _sealer(key_file)
    sealed = sealer.seal(b"secret", context=b"webhook 1")
    assert b"secret" not in sealed
    add_key(key_file)
    assert _sealer(key_file).unseal(sealed, context=b"webhook 1") == b"secret"
    assert sealer.seal(b"secret", context=b"webhook 1") != sealed


def test_another_context_opens_nothing(key_file: Path) -> None:
    sealer = _sealer(key_file)
    sealed = sealer.seal(b"secret", context=b"webhook 1")
    with pytest.raises((KeyUnavailableError, ObjectDamagedError)):
        sealer.unseal(sealed, context=b"webhook 2")


@given(plain=st.binary(max_size=64), data=st.data())
def test_every_altered_byte_is_noticed(key_file: Path, plain: bytes, data: st.DataObject) -> None:
    sealer = _sealer(key_file)
    sealed = bytearray(sealer.seal(plain, context=b"c"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises((KeyUnavailableError, ObjectDamagedError)):
        sealer.unseal(bytes(sealed), context=b"c")


@given(length=st.integers(0, 60))
def test_what_is_cut_short_is_noticed(key_file: Path, length: int) -> None:
    sealer = _sealer(key_file)
    sealed = sealer.seal(b"x" * 20, context=b"c")
    with pytest.raises((KeyUnavailableError, ObjectDamagedError)):
        sealer.unseal(sealed[:length], context=b"c")
