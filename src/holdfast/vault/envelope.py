"""Authenticated encryption of one object of any length, in constant memory.

    header (68 bytes)                           chunks
    magic 8 | version 1 | log2(chunk) 1 | zero 2 | nonce prefix 7 | zero 1 | object id 16 | MAC 32
    then AES-256-GCM chunks, each `chunk` bytes of plaintext (the last: what is left) + 16 bytes of tag

The chunks form a STREAM (Hoang, Reyhanitabar, Rogaway, Vizar: "Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance", CRYPTO 2015): nonce = prefix (7 bytes) || chunk number (4 bytes) || 1 for
the last chunk, 0 for the others. A chunk that is changed, moved, dropped, repeated or added, and an end that
comes too early or too late, fails its tag. The header is associated data of every chunk, and its MAC
(HMAC-SHA256) also commits to the key: two keys never open the same bytes.

Every object has a fresh 32-byte data key; the keys used here are derived from it (HKDF-SHA256, RFC 5869).
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable, Iterator
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from holdfast.errors import ObjectDamagedError

__all__ = [
    "CHUNK_BYTES",
    "HEADER_BYTES",
    "decrypt",
    "encrypt",
    "new_data_key",
    "open_small",
    "seal_small",
    "sealed_size",
]

MAGIC = b"HFVAULT\n"
VERSION = 1
CHUNK_BYTES = 256 * 1024
MIN_CHUNK_LOG2, MAX_CHUNK_LOG2 = 4, 20
KEY_BYTES = 32
TAG_BYTES = 16
ID_BYTES = 16
PREFIX_BYTES = 7
MAC_BYTES = 32
FIXED_BYTES = len(MAGIC) + 1 + 1 + 2 + PREFIX_BYTES + 1 + ID_BYTES
HEADER_BYTES = FIXED_BYTES + MAC_BYTES
MAX_CHUNKS = 2**32


def new_data_key() -> bytes:
    """32 fresh random bytes. One key is used for one object and never again."""
    return os.urandom(KEY_BYTES)


def encrypt(
    source: Iterable[bytes], *, key: bytes, object_id: bytes, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[bytes]:
    """The encrypted object, piece by piece: the header, then one piece a chunk.

    ``key``: 32 bytes, fresh for this object. ``object_id``: 16 bytes, bound to every chunk.
    ``chunk_bytes``: a power of two from 16 to 1 MiB; holds about four chunks in memory.
    """
    header = _make_header(key, object_id, chunk_bytes)
    prefix = _prefix_of(header)
    cipher = AESGCM(_derive(key, b"chunks"))
    yield header
    for number, (chunk, is_last) in enumerate(_rechunk(source, chunk_bytes)):
        yield cipher.encrypt(_nonce(prefix, number, is_last), chunk, header)


def sealed_size(size_bytes: int) -> int:
    """How many bytes `encrypt` makes of so many."""
    chunks = max(1, -(-size_bytes // CHUNK_BYTES))
    return HEADER_BYTES + size_bytes + chunks * TAG_BYTES


def decrypt(source: Iterable[bytes], *, key: bytes, object_id: bytes) -> Iterator[bytes]:
    """The plaintext, one verified chunk at a time; nothing is given before its own tag is verified.

    Raises `ObjectDamagedError` at the first fault: what came before it is a true beginning of the object,
    and not the whole of it. A caller acts on the content only after the last piece.
    """
    pieces = iter(source)
    head, rest = _take(pieces, HEADER_BYTES)
    chunk_bytes = _check_header(head, key, object_id)
    prefix = _prefix_of(head)
    cipher = AESGCM(_derive(key, b"chunks"))
    for number, (sealed, is_last) in enumerate(_rechunk(_chain(rest, pieces), chunk_bytes + TAG_BYTES)):
        try:
            plain = cipher.decrypt(_nonce(prefix, number, is_last), sealed, head)
        except (InvalidTag, ValueError) as error:
            raise ObjectDamagedError(
                f"Object {object_id.hex()}: chunk {number} is altered, cut short, or not its own; nothing "
                "from it on was given. Restore the object from a backup."
            ) from error
        if not plain and number:
            raise ObjectDamagedError(f"Object {object_id.hex()} ends in an empty chunk that no writer makes.")
        yield plain


def seal_small(data: bytes, *, key: bytes, object_id: bytes) -> bytes:
    """A few kilobytes beside the object (facts about it), under a key derived from the same data key."""
    nonce = os.urandom(12)
    return nonce + AESGCM(_derive(key, b"facts")).encrypt(nonce, data, b"facts" + object_id)


def open_small(sealed: bytes, *, key: bytes, object_id: bytes) -> bytes:
    """What `seal_small` sealed. Raises `ObjectDamagedError`."""
    try:
        return AESGCM(_derive(key, b"facts")).decrypt(sealed[:12], sealed[12:], b"facts" + object_id)
    except (InvalidTag, ValueError) as error:
        raise ObjectDamagedError(
            f"The facts beside object {object_id.hex()} are altered or another object's; nothing was given. "
            "Restore the row from a backup."
        ) from error


def _derive(key: bytes, purpose: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a data key has {KEY_BYTES} bytes, not {len(key)}")
    return HKDFExpand(algorithm=SHA256(), length=KEY_BYTES, info=b"holdfast envelope 1 " + purpose).derive(
        key
    )


def _make_header(key: bytes, object_id: bytes, chunk_bytes: int) -> bytes:
    log2 = chunk_bytes.bit_length() - 1
    if chunk_bytes != 1 << log2 or not MIN_CHUNK_LOG2 <= log2 <= MAX_CHUNK_LOG2:
        raise ValueError(f"a chunk has a power of two of bytes from 16 to 1 MiB, not {chunk_bytes}")
    if len(object_id) != ID_BYTES:
        raise ValueError(f"an object id has {ID_BYTES} bytes, not {len(object_id)}")
    fixed = MAGIC + bytes([VERSION, log2, 0, 0]) + os.urandom(PREFIX_BYTES) + b"\0" + object_id
    return fixed + _header_mac(key, fixed)


def _check_header(header: bytes, key: bytes, object_id: bytes) -> int:
    """The chunk size. Only the MAC decides what is believed; the other checks make the message better."""
    name = f"Object {object_id.hex()}"
    if len(header) < HEADER_BYTES or not header.startswith(MAGIC):
        raise ObjectDamagedError(
            f"{name}: no Holdfast object, or cut short in its header. Nothing was given."
        )
    if header[8] != VERSION:
        raise ObjectDamagedError(
            f"{name} has version {header[8]}; this program reads {VERSION}. Use a newer one."
        )
    fixed = header[:FIXED_BYTES]
    if fixed[-ID_BYTES:] != object_id:
        raise ObjectDamagedError(f"{name}: another object lies in its place ({fixed[-ID_BYTES:].hex()}).")
    if not hmac.compare_digest(header[FIXED_BYTES:], _header_mac(key, fixed)):
        raise ObjectDamagedError(
            f"{name}: the key does not fit, or the header is altered. Nothing was given. "
            "Restore the object or its key from a backup."
        )
    return 1 << header[9]


def _header_mac(key: bytes, fixed: bytes) -> bytes:
    return hmac.digest(_derive(key, b"header"), fixed, sha256)


def _prefix_of(header: bytes) -> bytes:
    return header[12 : 12 + PREFIX_BYTES]


def _nonce(prefix: bytes, number: int, is_last: bool) -> bytes:
    if number >= MAX_CHUNKS:
        raise ValueError("an object has at most 2**32 chunks")
    return prefix + number.to_bytes(4, "big") + bytes([is_last])


def _take(pieces: Iterator[bytes], count: int) -> tuple[bytes, bytes]:
    """The first ``count`` bytes (fewer at the end of the source) and what came with them."""
    head = b""
    while len(head) < count:
        piece = next(pieces, None)
        if piece is None:
            break
        head += piece
    return head[:count], head[count:]


def _chain(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others


def _rechunk(source: Iterable[bytes], size: int) -> Iterator[tuple[bytes, bool]]:
    """Pieces of exactly ``size`` bytes; the last one is marked, shorter or full, and empty only if all is."""
    waiting = bytearray()
    for piece in source:
        view = memoryview(piece)
        while view:
            if len(waiting) == size:  # more is coming: it was not the last
                yield bytes(waiting), False
                waiting.clear()
            part = view[: size - len(waiting)]
            waiting += part
            view = view[len(part) :]
    yield bytes(waiting), True
