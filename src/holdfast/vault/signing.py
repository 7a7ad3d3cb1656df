"""Keys that sign what leaves the house (Ed25519, RFC 8032), in a form that can be written down."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from holdfast.vault.written import parse_key, write_key

__all__ = ["Signer", "Verifier"]

SIGNER_PREFIX = "HOLDFAST-SIGNER-"
VERIFIER_PREFIX = "holdfast-verifier-"


@dataclass(frozen=True)
class Verifier:
    """Somebody's public key: it tells whether a package is theirs."""

    public: bytes

    def __str__(self) -> str:
        return write_key(self.public, VERIFIER_PREFIX)

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """The key in its written form. Raises `UsageError`."""
        return cls(parse_key(text, VERIFIER_PREFIX))

    def is_right(self, signature: bytes, manifest: bytes, *, kind: str) -> bool:
        """Whether this key signed these very bytes, as a manifest of this kind."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, _bound(kind) + manifest)
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

    def sign(self, manifest: bytes, *, kind: str) -> bytes:
        """64 bytes. The signature is one of a manifest of this ``kind`` and of nothing else."""
        return Ed25519PrivateKey.from_private_bytes(self.private).sign(_bound(kind) + manifest)


def _bound(kind: str) -> bytes:
    return f"holdfast {kind} 1\0".encode()
