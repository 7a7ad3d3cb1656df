"""A real sealer."""

from __future__ import annotations

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class AesSealer:
    """AES-256-GCM with one key, the context as associated data."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or AESGCM.generate_key(256)

    def seal(self, plain: bytes, *, context: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + AESGCM(self._key).encrypt(nonce, plain, context)

    def unseal(self, sealed: bytes, *, context: bytes) -> bytes:
        return AESGCM(self._key).decrypt(sealed[:12], sealed[12:], context)
