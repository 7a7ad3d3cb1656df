"""Files for a passphrase or a recipient: only the right key opens them, and every change is found out."""

from __future__ import annotations

import os

import pytest

from holdfast.errors import KeyUnavailableError, ObjectDamagedError, UsageError, VaultError
from holdfast.vault import sealing
from holdfast.vault.sealing import Identity, Passphrase, Recipient, decrypt_stream, encrypt_stream

WORDS = Passphrase("lighthouse on the rock")
HOLDER = Identity.new()
PLAIN = os.urandom(300)
PAIRS: list[tuple[Passphrase | Recipient, Passphrase | Identity]] = [
    (WORDS, WORDS),
    (HOLDER.recipient, HOLDER),
]


@pytest.fixture
def light_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little work for a passphrase, where a test opens a file thousands of times."""
    monkeypatch.setattr(sealing, "SCRYPT_LOG2_N", 4)


def _sealed(lock: Passphrase | Recipient, plain: bytes = PLAIN) -> bytes:
    return b"".join(encrypt_stream([plain], lock))


def _opened(sealed: bytes, key: Passphrase | Identity) -> bytes:
    return b"".join(decrypt_stream([sealed], key))


@pytest.mark.usefixtures("light_work")
@pytest.mark.parametrize(("lock", "key"), PAIRS)
def test_round_trip(lock: Passphrase | Recipient, key: Passphrase | Identity) -> None:
    for plain in (b"", PLAIN, bytes(600_000)):
        assert _opened(_sealed(lock, plain), key) == plain


def test_a_passphrase_costs_a_guesser_128_mib() -> None:
    sealed = _sealed(WORDS)
    assert sealed[9] == 17
    assert _opened(sealed, WORDS) == PLAIN


@pytest.mark.usefixtures("light_work")
@pytest.mark.parametrize(("lock", "key"), PAIRS)
def test_every_altered_byte_and_every_length_is_detected(
    lock: Passphrase | Recipient, key: Passphrase | Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = _sealed(lock)
    monkeypatch.setattr(sealing, "SCRYPT_MAX_LOG2_N", 6)  # an altered cost must not cost this test gigabytes
    for at in range(len(sealed)):
        altered = bytearray(sealed)
        altered[at] ^= 1
        with pytest.raises(VaultError):
            _opened(bytes(altered), key)
    for length in range(len(sealed)):
        with pytest.raises(VaultError):
            _opened(sealed[:length], key)
    with pytest.raises(ObjectDamagedError):
        _opened(sealed + b"\0", key)


@pytest.mark.usefixtures("light_work")
@pytest.mark.parametrize(("lock", "key"), PAIRS)
def test_the_body_of_another_file_is_detected(
    lock: Passphrase | Recipient, key: Passphrase | Identity
) -> None:
    one, other = _sealed(lock), _sealed(lock)
    head = 9 + sealing.LOCK_BYTES[one[8]]
    with pytest.raises(ObjectDamagedError):
        _opened(one[:head] + other[head:], key)


@pytest.mark.usefixtures("light_work")
def test_a_wrong_key_is_a_clear_error() -> None:
    for lock, wrong in [
        (WORDS, Passphrase("lighthouse on the sand")),
        (HOLDER.recipient, Identity.new()),
        (WORDS, HOLDER),
        (HOLDER.recipient, WORDS),
    ]:
        with pytest.raises(KeyUnavailableError, match="Nothing was opened"):
            _opened(_sealed(lock), wrong)  # type: ignore[arg-type]


@pytest.mark.usefixtures("light_work")
def test_a_forged_file_cannot_ask_for_any_amount_of_work() -> None:
    sealed = bytearray(_sealed(WORDS))  # light, made heavy
    for cost in (21, 63, 255):
        sealed[9] = cost
        with pytest.raises(ObjectDamagedError, match="more work"):
            _opened(bytes(sealed), WORDS)


def test_a_public_key_of_small_order_is_refused() -> None:
    with pytest.raises(KeyUnavailableError):
        _sealed(Recipient(bytes(32)))


def test_keys_in_writing() -> None:
    assert Recipient.parse(f" {HOLDER.recipient}\n") == HOLDER.recipient
    assert Identity.parse(HOLDER.written()) == HOLDER
    assert HOLDER.written() not in repr(HOLDER) and "lighthouse" not in repr(WORDS)
    for text in ("", HOLDER.written(), str(HOLDER.recipient)[:-2], "holdfast-recipient-!!!"):
        with pytest.raises(UsageError):
            Recipient.parse(text)


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(UsageError, match="12 characters"):
        Passphrase("lighthouse")
