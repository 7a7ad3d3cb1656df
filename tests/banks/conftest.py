"""A bank and two sources to begin with."""

from __future__ import annotations

import random
from collections.abc import Iterator
from hashlib import sha256

import numpy as np
import pytest
import sqlalchemy as sa

from holdfast.banks.models import Bank, Fingerprint, Handling, Source
from holdfast.banks.service import create_bank
from holdfast.banks.sources import create_source
from holdfast.banks.videos import video_fingerprint
from holdfast.hashing.video import VideoHash
from holdfast.records.database import Database


def pdq(seed: object, convention: str = "full", quality: int | None = None) -> Fingerprint:
    """A PDQ fingerprint with a value that hangs on ``seed`` alone; half of its bits are set, as in all."""
    value = sum(1 << bit for bit in random.Random(repr(seed)).sample(range(256), 128))
    return Fingerprint("pdq", value.to_bytes(32), convention, quality)


def film(seed: object) -> Fingerprint:
    """The fingerprint of a video of one frame, with the value of `pdq`."""
    code = np.frombuffer(pdq(seed).value, np.uint8).reshape(1, 32)
    first, score = np.zeros(1, np.int64), np.full(1, 90, np.int32)
    return video_fingerprint(VideoHash(first, np.zeros(1), score, code))


def digest(algorithm: str, seed: object, size_bytes: int | None = None) -> Fingerprint:
    length = {"md5": 16, "sha1": 20, "sha256": 32}[algorithm]
    return Fingerprint(
        algorithm, sha256(f"{algorithm}{seed!r}".encode()).digest()[:length], "", None, size_bytes
    )


@pytest.fixture
def writing(database: Database) -> Iterator[sa.Connection]:
    with database.write() as connection:
        yield connection


@pytest.fixture
def bank(database: Database) -> Bank:
    with database.write() as connection:
        return create_bank(connection, "list")


@pytest.fixture
def own(database: Database) -> Source:
    """A source that allows everything."""
    with database.write() as connection:
        return create_source(connection, "own", handling=Handling(True, True, ("*",)))


@pytest.fixture
def exchange(database: Database) -> Source:
    """A source with the default terms: match only."""
    with database.write() as connection:
        return create_source(connection, "exchange", kind="exchange")
