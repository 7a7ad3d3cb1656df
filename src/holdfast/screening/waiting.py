"""What is kept of an upload until its deep check is done, as bytes to be encrypted."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from holdfast.decisions.facts import Context
from holdfast.errors import ObjectDamagedError, UsageError
from holdfast.hashing.views.small import SmallLuma
from holdfast.records.idempotency import Request

__all__ = ["WaitingUpload"]

_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class WaitingUpload:
    """One upload that matched nothing at once. ``banks`` are the ids of those that asked for more.

    ``lumas`` are frames: number and small luma. ``sha256`` of the upload tells later whether a copy of it
    is at hand. ``request`` has the idempotency key that it came with, if any.
    """

    context: Context
    by: str
    banks: tuple[int, ...]
    size_bytes: int
    sha256: bytes = field(repr=False)
    lumas: Sequence[tuple[int, SmallLuma]] = field(repr=False)
    request: Request | None = None

    def to_bytes(self) -> bytes:
        """A JSON object with its length before it, then the lumas."""
        lumas = [(frame, luma.to_bytes()) for frame, luma in self.lumas]
        request = self.request
        head = {
            "context": self.context.to_json(),
            "by": self.by,
            "banks": list(self.banks),
            "size_bytes": self.size_bytes,
            "sha256": self.sha256.hex(),
            "lumas": [[frame, len(data)] for frame, data in lumas],
            "request": request and [request.key, request.principal_id, request.route, request.body.hex()],
        }
        text = json.dumps(head, ensure_ascii=False).encode()
        return b"".join([_LENGTH.pack(len(text)), text, *(data for _, data in lumas)])

    @classmethod
    def from_bytes(cls, data: bytes) -> WaitingUpload:
        """What `to_bytes` gave. Raises `ObjectDamagedError` for anything else."""
        try:
            return cls._read(data)
        except (ValueError, TypeError, KeyError, struct.error, UsageError) as error:
            raise ObjectDamagedError(
                "What waited for a deep check is of no known form; it was not checked."
            ) from error

    @classmethod
    def _read(cls, data: bytes) -> WaitingUpload:
        end = _LENGTH.size + _LENGTH.unpack_from(data)[0]
        head = json.loads(data[_LENGTH.size : end])
        lumas = []
        for frame, length in head["lumas"]:
            lumas.append((int(frame), SmallLuma.from_bytes(data[end : end + length])))
            end += length
        request = None
        if head["request"] is not None:
            key, principal, route, body = head["request"]
            request = Request(key, principal, route, bytes.fromhex(body))
        return cls(
            Context.from_json(head["context"]),
            head["by"],
            tuple(head["banks"]),
            head["size_bytes"],
            bytes.fromhex(head["sha256"]),
            tuple(lumas),
            request,
        )
