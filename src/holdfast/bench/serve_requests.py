"""The requests of the load, as they go over the line: Holdfast's own, and HMA's for the same work."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from holdfast.bench.serve_load import Request, Target

__all__ = ["Asked", "HmaRequests", "HoldfastRequests"]

_START_OF_IMAGE = b"\xff\xd8"
_COMMENT = b"\xff\xfe\x00\x12"  # a JPEG comment of 16 bytes
_BOUNDARY = b"holdfast-bench"


class Asked(Protocol):
    """What a service is asked. Each iterator is endless and never repeats a request."""

    def uploads(self) -> Iterator[Request]: ...

    def look_ups(self) -> Iterator[Request]: ...

    def batches(self, size: int) -> Iterator[Request] | None:
        """None where the service has no such call."""
        ...


class HoldfastRequests:
    """``upload_key`` and ``look_up_key`` are texts of keys; ``pictures`` are sent in turn."""

    def __init__(self, target: Target, pictures: Sequence[Path], upload_key: str, look_up_key: str) -> None:
        self._target = target
        self._pictures = pictures
        self._upload_key, self._look_up_key = upload_key, look_up_key

    def uploads(self) -> Iterator[Request]:
        for number, data in _distinct(self._pictures):
            context = json.dumps(
                {"content_reference": f"bench/{number}", "surface": "public", "country": "US"}
            )
            head = self._head("/v1/screen", self._upload_key, sum(map(len, data)), context=context)
            yield Request((head, *data), _outcome)

    def look_ups(self) -> Iterator[Request]:
        for value in _codes(1):
            body = json.dumps({"algorithm": "pdq", "value": value}).encode()
            head = self._head("/v1/lookup", self._look_up_key, len(body), "application/json")
            yield Request((head, body), _found)

    def batches(self, size: int) -> Iterator[Request]:
        codes = _codes(2)
        while True:
            body = json.dumps({"algorithm": "pdq", "values": list(itertools.islice(codes, size))}).encode()
            head = self._head("/v1/lookup", self._look_up_key, len(body), "application/json")
            yield Request((head, body), _found)

    def _head(
        self, path: str, key: str, size: int, kind: str = "application/octet-stream", context: str = ""
    ) -> bytes:
        said = f"Holdfast-Context: {context}\r\n" if context else ""
        return (
            f"POST {path} HTTP/1.1\r\nHost: {_host(self._target)}\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {size}\r\n{said}\r\n"
        ).encode()


class HmaRequests:
    """The same work of HMA: an upload is hashed and looked up in one call; there is none for many hashes."""

    def __init__(self, target: Target, pictures: Sequence[Path]) -> None:
        self._target = target
        self._pictures = pictures

    def uploads(self) -> Iterator[Request]:
        before = (
            b"--" + _BOUNDARY + b'\r\nContent-Disposition: form-data; name="photo"; filename="photo.jpg"\r\n'
            b"Content-Type: image/jpeg\r\n\r\n"
        )
        after = b"\r\n--" + _BOUNDARY + b"--\r\n"
        for _, data in _distinct(self._pictures):
            size = len(before) + sum(map(len, data)) + len(after)
            head = (
                f"POST /m/lookup HTTP/1.1\r\nHost: {_host(self._target)}\r\nContent-Length: {size}\r\n"
                f"Content-Type: multipart/form-data; boundary={_BOUNDARY.decode()}\r\n\r\n"
            ).encode()
            yield Request((head, before, *data, after), _hma_word)

    def look_ups(self) -> Iterator[Request]:
        for value in _codes(1):
            path = f"/m/lookup?signal_type=pdq&signal={value}"
            yield Request(
                (f"GET {path} HTTP/1.1\r\nHost: {_host(self._target)}\r\n\r\n".encode(),), _hma_word
            )

    def batches(self, size: int) -> None:
        return None


def _distinct(pictures: Sequence[Path]) -> Iterator[tuple[int, tuple[bytes, bytes]]]:
    """The pictures in turn, without end; a comment makes the bytes others each time."""
    for number, path in enumerate(itertools.cycle(pictures)):
        comment = f"{number:016d}".encode()
        yield number, (_START_OF_IMAGE + _COMMENT + comment, path.read_bytes()[len(_START_OF_IMAGE) :])


def _codes(seed: int) -> Iterator[str]:
    """Random PDQ hashes as text."""
    generator = np.random.default_rng(seed)
    while True:
        text = generator.bytes(32 * 1024).hex()
        yield from (text[at : at + 64] for at in range(0, len(text), 64))


def _host(target: Target) -> str:
    return f"[{target.host}]:{target.port}" if ":" in target.host else f"{target.host}:{target.port}"


def _outcome(status: int, body: bytes) -> str:
    return str(json.loads(body)["outcome"]) if status == 200 else f"status {status}"


def _found(status: int, body: bytes) -> str:
    return "looked up" if status == 200 else f"status {status}"


def _hma_word(status: int, body: bytes) -> str:
    if status != 200:
        return f"status {status}"
    return "match" if b"bank_content_id" in body else "no_match"
