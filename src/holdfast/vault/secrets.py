"""Secrets that lie in the database sealed: webhook secrets, credentials of exchanges.

Each has a data key of its own, wrapped by the vault's key-encryption key, so that a copy of the database
alone opens none of them, and rotating that key works as for held content.
"""

from __future__ import annotations

import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from holdfast.errors import ObjectDamagedError
from holdfast.vault.keys import KeyService, WrappedKey

__all__ = ["KeySealer"]

_VERSION = 1
_HEAD = struct.Struct(">BBH")  # version, length of the key's id, length of the wrapped key
_NONCE_BYTES = 12
_DATA_KEY_BYTES = 32


class KeySealer:
    """Seals small secrets under ``keys``. Keeps the interface `decisions.webhooks.endpoints.Sealer`."""

    def __init__(self, keys: KeyService) -> None:
        self._keys = keys

    def seal(self, plain: bytes, *, context: bytes) -> bytes:
        """``plain`` encrypted and bound to ``context``. Raises `KeyUnavailableError`."""
        data_key = os.urandom(_DATA_KEY_BYTES)
        wrapped = self._keys.wrap(data_key, context=context)
        key_id = wrapped.wrapped_by.encode()
        head = _HEAD.pack(_VERSION, len(key_id), len(wrapped.blob)) + key_id + wrapped.blob
        nonce = os.urandom(_NONCE_BYTES)
        return head + nonce + AESGCM(data_key).encrypt(nonce, plain, head + context)

    def unseal(self, sealed: bytes, *, context: bytes) -> bytes:
        """What `seal` sealed. Raises `ObjectDamagedError` or `KeyUnavailableError`."""
        try:
            version, id_length, blob_length = _HEAD.unpack_from(sealed)
            end = _HEAD.size + id_length + blob_length
            key_id = sealed[_HEAD.size : _HEAD.size + id_length].decode()
        except (struct.error, UnicodeDecodeError) as error:
            raise _damaged() from error
        if version != _VERSION or len(sealed) < end + _NONCE_BYTES:
            raise _damaged()
        wrapped = WrappedKey(key_id, sealed[end - blob_length : end])
        data_key = self._keys.unwrap(wrapped, context=context)
        nonce, text = sealed[end : end + _NONCE_BYTES], sealed[end + _NONCE_BYTES :]
        try:
            return AESGCM(data_key).decrypt(nonce, text, sealed[:end] + context)
        except InvalidTag as error:
            raise _damaged() from error


def _damaged() -> ObjectDamagedError:
    return ObjectDamagedError(
        "A sealed secret is altered, or belongs to something else; it was not used. Set the secret again."
    )
