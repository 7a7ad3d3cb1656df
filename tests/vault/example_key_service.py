"""A key service for the tests: shows what a plug-in for a KMS looks like. Its keys live in memory only."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken

from holdfast.errors import KeyUnavailableError
from holdfast.vault.keys import WrappedKey


class ExampleKeyService:
    def __init__(self, options: Mapping[str, str]) -> None:
        self._id = f"example/{options['name']}/1"
        self._keys = {self._id: Fernet(Fernet.generate_key())}

    def current_id(self) -> str:
        return self._id

    def wrap(self, data_key: bytes, *, context: bytes) -> WrappedKey:
        body = len(context).to_bytes(4, "big") + context + data_key
        return WrappedKey(self._id, self._keys[self._id].encrypt(body))

    def unwrap(self, wrapped: WrappedKey, *, context: bytes) -> bytes:
        try:
            body = self._keys[wrapped.wrapped_by].decrypt(wrapped.blob)
        except (KeyError, InvalidToken) as error:
            raise KeyUnavailableError("The example key service does not open this key.") from error
        size = int.from_bytes(body[:4], "big")
        if body[4 : 4 + size] != context:
            raise KeyUnavailableError("The key was wrapped for something else.")
        return body[4 + size :]
