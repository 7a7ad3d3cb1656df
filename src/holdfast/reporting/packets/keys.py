"""Keys that sign packets (Ed25519, RFC 8032), in a form that can be written down."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from holdfast.vault.written import parse_key, write_key

__all__ = ["Signer", "Verifier"]

SIGNER_PREFIX = "HOLDFAST-SIGNER-"
VERIFIER_PREFIX = "holdfast-verifier-"
BOUND = b"holdfast packet 1\0"  # a signature of a manifest is no signature of anything else


@dataclass(frozen=True)
class Verifier:
    """Somebody's public key: it tells whether a packet is theirs."""

    public: bytes

    def __str__(self) -> str:
        return write_key(self.public, VERIFIER_PREFIX)

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """The key in its written form. Raises `UsageError`."""
        return cls(parse_key(text, VERIFIER_PREFIX))

    def is_right(self, signature: bytes, manifest: bytes) -> bool:
        """Whether this key signed these very bytes."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, BOUND + manifest)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """A private key. `written` is its secret text, for a file of mode 0600."""

    private: bytes = field(repr=False)

    @classmethod
    def new(cls) -> Signer:
        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Signer:
        """The key in its written form. Raises `UsageError`."""
        return cls(parse_key(text, SIGNER_PREFIX))

    def written(self) -> str:
        return write_key(self.private, SIGNER_PREFIX)

    @property
    def verifier(self) -> Verifier:
        return Verifier(Ed25519PrivateKey.from_private_bytes(self.private).public_key().public_bytes_raw())

    def sign(self, manifest: bytes) -> bytes:
        """64 bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.private).sign(BOUND + manifest)
