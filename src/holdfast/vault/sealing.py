"""Encrypted files for somebody: whoever has the passphrase, or the holder of a private key.

    magic "HFSEAL1\n" | kind 1 | lock | then an envelope (see `envelope`) under a fresh file key

    kind 1, passphrase: log2(N) 1 | salt 16 | sealed file key 48     scrypt, r = 8, p = 1 (RFC 7914)
    kind 2, recipient:  ephemeral public key 32 | sealed file key 48   X25519 (RFC 7748), HKDF-SHA256

The file key is sealed with AES-256-GCM and a zero nonce: its sealing key is used this once. The envelope's
object id is a digest of everything before it, so that no part of a file fits another. For backups and for
lists that leave the house.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from holdfast.errors import KeyUnavailableError, ObjectDamagedError, UsageError
from holdfast.vault import envelope
from holdfast.vault.written import parse_key, write_key

__all__ = ["Identity", "Passphrase", "Recipient", "decrypt_stream", "encrypt_stream"]

MAGIC = b"HFSEAL1\n"
BY_PASSPHRASE, BY_RECIPIENT = 1, 2
SEALED_KEY_BYTES = 48
LOCK_BYTES = {BY_PASSPHRASE: 1 + 16 + SEALED_KEY_BYTES, BY_RECIPIENT: 32 + SEALED_KEY_BYTES}
MIN_PASSPHRASE = 12
SCRYPT_LOG2_N = 17  # 128 MiB and about a third of a second for every guess
SCRYPT_MAX_LOG2_N = 20
ZERO_NONCE = bytes(12)
RECIPIENT_PREFIX = "holdfast-recipient-"
IDENTITY_PREFIX = "HOLDFAST-IDENTITY-"


@dataclass(frozen=True)
class Passphrase:
    """At least 12 characters; raises `UsageError` for fewer."""

    text: str = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.text) < MIN_PASSPHRASE:
            raise UsageError(f"A passphrase needs at least {MIN_PASSPHRASE} characters; nothing was done.")


@dataclass(frozen=True)
class Recipient:
    """Somebody's public key: who has it can write files that only its holder opens."""

    public: bytes

    def __str__(self) -> str:
        return write_key(self.public, RECIPIENT_PREFIX)

    @classmethod
    def parse(cls, text: str) -> Recipient:
        """The key in its written form. Raises `UsageError`."""
        return cls(parse_key(text, RECIPIENT_PREFIX))


@dataclass(frozen=True)
class Identity:
    """A private key. `written` is its secret text, for a file of mode 0600 kept apart from the backups."""

    private: bytes = field(repr=False)

    @classmethod
    def new(cls) -> Identity:
        return cls(X25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Identity:
        """The key in its written form. Raises `UsageError`."""
        return cls(parse_key(text, IDENTITY_PREFIX))

    def written(self) -> str:
        return write_key(self.private, IDENTITY_PREFIX)

    @property
    def recipient(self) -> Recipient:
        return Recipient(X25519PrivateKey.from_private_bytes(self.private).public_key().public_bytes_raw())


def encrypt_stream(source: Iterable[bytes], lock: Passphrase | Recipient) -> Iterator[bytes]:
    """The encrypted file, piece by piece, in constant memory (a passphrase takes 128 MiB for a moment)."""
    file_key = envelope.new_data_key()
    if isinstance(lock, Passphrase):
        salt = os.urandom(16)
        sealing_key = _scrypt(lock, salt, SCRYPT_LOG2_N)
        kind, start = BY_PASSPHRASE, bytes([SCRYPT_LOG2_N]) + salt
    else:
        ephemeral = X25519PrivateKey.generate()
        kind, start = BY_RECIPIENT, ephemeral.public_key().public_bytes_raw()
        sealing_key = _shared(ephemeral, lock.public, start, lock.public)
    head = MAGIC + bytes([kind]) + start + AESGCM(sealing_key).encrypt(ZERO_NONCE, file_key, None)
    yield head
    yield from envelope.encrypt(source, key=file_key, object_id=sha256(head).digest()[:16])


def decrypt_stream(source: Iterable[bytes], key: Passphrase | Identity) -> Iterator[bytes]:
    """The plaintext, one verified piece at a time.

    Raises `KeyUnavailableError` for a wrong passphrase or another's key, `ObjectDamagedError` at the first
    fault: write what comes to a place of its own, and use it only when all of it has come.
    """
    reader = _Reader(source)
    start = reader.take(len(MAGIC) + 1)
    kind = start[-1] if start[:-1] == MAGIC else 0
    if kind not in LOCK_BYTES:
        raise ObjectDamagedError(
            "This is no encrypted Holdfast file, or its start is lost. Nothing was opened."
        )
    head = start + reader.take(LOCK_BYTES[kind])
    if len(head) < len(start) + LOCK_BYTES[kind]:
        raise ObjectDamagedError("This encrypted file is cut short in its first bytes. Nothing was opened.")
    sealing_key = _sealing_key(kind, head[len(start) : -SEALED_KEY_BYTES], key)
    try:
        file_key = AESGCM(sealing_key).decrypt(ZERO_NONCE, head[-SEALED_KEY_BYTES:], None)
    except InvalidTag as error:
        raise KeyUnavailableError(
            "The passphrase or key does not open this file, or its start is altered. Nothing was opened."
        ) from error
    yield from envelope.decrypt(reader, key=file_key, object_id=sha256(head).digest()[:16])


def _sealing_key(kind: int, start: bytes, key: Passphrase | Identity) -> bytes:
    if kind == BY_PASSPHRASE:
        if not isinstance(key, Passphrase):
            raise KeyUnavailableError(
                "This file opens with a passphrase, not with a key. Nothing was opened."
            )
        if start[0] > SCRYPT_MAX_LOG2_N:  # else a forged file could ask for any amount of memory
            raise ObjectDamagedError(
                "This file asks for more work than any that we write. Nothing was opened."
            )
        return _scrypt(key, start[1:], start[0])
    if not isinstance(key, Identity):
        raise KeyUnavailableError("This file opens with a key, not a passphrase. Nothing was opened.")
    private = X25519PrivateKey.from_private_bytes(key.private)
    return _shared(private, start, start, key.recipient.public)


def _scrypt(passphrase: Passphrase, salt: bytes, log2_n: int) -> bytes:
    try:
        return Scrypt(salt=salt, length=32, n=1 << log2_n, r=8, p=1).derive(passphrase.text.encode())
    except ValueError as error:
        raise ObjectDamagedError("This file's first bytes are altered. Nothing was opened.") from error


def _shared(private: X25519PrivateKey, public: bytes, ephemeral: bytes, recipient: bytes) -> bytes:
    """The sealing key of both sides; bound to both public keys."""
    try:
        secret = private.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError as error:  # a point of small order
        raise KeyUnavailableError(
            "A public key here is none that any program makes. Nothing was opened."
        ) from error
    return HKDF(SHA256(), 32, salt=ephemeral + recipient, info=b"holdfast seal 1").derive(secret)


class _Reader:
    """Takes a first few bytes off a source, then gives the rest."""

    def __init__(self, source: Iterable[bytes]) -> None:
        self._pieces = iter(source)
        self._waiting = b""

    def take(self, count: int) -> bytes:
        """``count`` bytes, or fewer at the end."""
        while len(self._waiting) < count:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._waiting += piece
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    def __iter__(self) -> Iterator[bytes]:
        yield self._waiting
        yield from self._pieces
