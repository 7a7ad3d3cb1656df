"""The load of `bench kills`: what clients send, what was acknowledged, and the search for it afterwards."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import sqlalchemy as sa
from PIL import Image

from holdfast.access.keys import create_key
from holdfast.access.limits import KeyLimits
from holdfast.access.roles import Role
from holdfast.banks.entries import add_entry
from holdfast.banks.service import create_bank
from holdfast.banks.sources import ensure_source
from holdfast.errors import HoldfastError
from holdfast.records.tables.banks import entries, fingerprints
from holdfast.records.tables.events import events
from holdfast.records.tables.jobs import jobs
from holdfast.screening.adding import fingerprints_of
from holdfast.service.runtime import Runtime
from holdfast.settings import Settings, VaultSettings
from holdfast.vault.keys import create_key_file

__all__ = ["BANK", "Acknowledged", "Load", "Made", "look_for", "prepare"]

BANK = "KNOWN"
PICTURES = 6
THREADS = 4
NO_LIMITS = KeyLimits(None, 1e6, None, None, None)


@dataclass(frozen=True)
class Made:
    """A home with a bank of pictures, and a key for everything that the load does."""

    home: Path
    key_file: Path
    key: str
    pictures: list[Image.Image]
    database_url: str | None

    @property
    def environment(self) -> dict[str, str]:
        """Variables of the service's process."""
        found = {"HOLDFAST_VAULT__KEY_FILE": str(self.key_file)}
        if self.database_url:
            found["HOLDFAST_DATABASE_URL"] = self.database_url
        return found

    def settings(self) -> Settings:
        return Settings(database_url=self.database_url, vault=VaultSettings(key_file=self.key_file))


@dataclass
class Acknowledged:
    """What was answered with 2xx: uploads (event -> hold and SHA-256), entries (id -> SHA-1), imports."""

    uploads: dict[int, tuple[str, str]] = field(default_factory=dict)
    entries: dict[int, str] = field(default_factory=dict)
    imports: dict[int, list[str]] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        return {"uploads": len(self.uploads), "entries": len(self.entries), "imports": len(self.imports)}


def prepare(folder: Path, database_url: str | None) -> Made:
    """A new home in ``folder`` with a trusted bank of made-up pictures."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    key_file = folder / "keys"
    create_key_file(key_file, home=home)
    pictures = [_picture(seed) for seed in range(PICTURES)]
    made = Made(home, key_file, "", pictures, database_url)
    with Runtime(home, settings=made.settings()) as runtime:
        hashed = [runtime.screener.hasher.hash_bytes(_encoded(picture, 95)) for picture in pictures]
        with runtime.database.write() as connection:
            roles = (Role.UPLOADER, Role.ANALYST, Role.LEAD)
            new = create_key(connection, name="load", roles=roles, created_by="bench", limits=NO_LIMITS)
            bank = create_bank(connection, BANK, trusted=True).id
            source = ensure_source(connection, "own").id
            for number, one in enumerate(hashed):
                add_entry(connection, bank, label=f"{number}", added=fingerprints_of(one), source_id=source)
    return Made(home, key_file, new.text, pictures, database_url)


class Load:
    """Clients in threads that send without a pause and note what is acknowledged."""

    def __init__(self, url: str, made: Made, noted: Acknowledged) -> None:
        self._url = url
        self._made = made
        self._noted = noted
        self._ending = threading.Event()
        self.failed = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._run, args=(seed,), daemon=True) for seed in range(THREADS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ending.set()
            for thread in threads:
                thread.join()

    def _run(self, seed: int) -> None:
        chance = random.Random(seed)
        headers = {"authorization": f"Bearer {self._made.key}"}
        with httpx2.Client(base_url=self._url, headers=headers, trust_env=False, timeout=20) as client:
            while not self._ending.wait(0.02):
                try:
                    chance.choice((self._upload, self._upload, self._upload, self._add, self._import))(
                        client, chance
                    )
                except httpx2.HTTPError:
                    self.failed += 1
                    self._ending.wait(0.1)

    def _upload(self, client: httpx2.Client, chance: random.Random) -> None:
        data = _encoded(chance.choice(self._made.pictures), chance.randint(60, 94)) + os.urandom(8)
        context = {"surface": "public", "content_reference": f"post/{chance.getrandbits(48)}"}
        answer = client.post("/v1/screen", content=data, headers={"Holdfast-Context": json.dumps(context)})
        if not self._is_good(answer):
            return
        body = answer.json()
        if body["outcome"] != "match" or body["hold"] is None:
            raise AssertionError(f"a known picture was answered {body['outcome']}, hold {body['hold']}")
        self._noted.uploads[body["event"]] = (body["hold"], hashlib.sha256(data).hexdigest())

    def _add(self, client: httpx2.Client, chance: random.Random) -> None:
        sha1 = chance.randbytes(20).hex()
        body = {"label": "added", "hashes": [{"algorithm": "sha1", "value": sha1}]}
        answer = client.post(f"/v1/banks/{BANK}/entries", json=body)
        if self._is_good(answer):
            self._noted.entries[answer.json()["entry"]["id"]] = sha1

    def _import(self, client: httpx2.Client, chance: random.Random) -> None:
        values = [chance.randbytes(20).hex() for _ in range(20)]
        answer = client.post(
            f"/v1/banks/{BANK}/imports?form=hex&algorithm=sha1&source=list",
            content="\n".join(values).encode(),
        )
        if self._is_good(answer):
            self._noted.imports[answer.json()["job"]] = values

    def _is_good(self, answer: httpx2.Response) -> bool:
        if answer.status_code < 300:
            return True
        if answer.status_code < 500:
            raise AssertionError(f"{answer.request.url.path} answered {answer.status_code}: {answer.text}")
        self.failed += 1
        return False


def look_for(made: Made, noted: Acknowledged) -> dict[str, int]:
    """How many acknowledged things are not there any more, by kind."""
    with Runtime(made.home, settings=made.settings()) as runtime:
        with runtime.database.read() as connection:
            there = set(connection.scalars(sa.select(events.c.id)))
            known = set(connection.scalars(sa.select(entries.c.id)))
            values = set(
                connection.scalars(
                    sa.select(fingerprints.c.value).where(
                        fingerprints.c.algorithm == "sha1", fingerprints.c.active
                    )
                )
            )
            done = set(connection.scalars(sa.select(jobs.c.id).where(jobs.c.state == "done")))
        screener = runtime.screener
        screener.refresh()
        indexed = [
            sha1 for sha1 in noted.entries.values() if screener.lists.may_hold({"sha1": bytes.fromhex(sha1)})
        ]
        return {
            "events": len(set(noted.uploads) - there),
            "holds": sum(not _opens(runtime, *hold) for hold in noted.uploads.values()),
            "entries": len(set(noted.entries) - known)
            + sum(bytes.fromhex(sha1) not in values for sha1 in noted.entries.values()),
            "entries in the index": len(noted.entries) - len(indexed),
            "jobs": len(set(noted.imports) - done),
            "imported hashes": sum(
                bytes.fromhex(one) not in values for many in noted.imports.values() for one in many
            ),
        }


def _opens(runtime: Runtime, item: str, sha256: str) -> bool:
    digest = hashlib.sha256()
    with suppress(HoldfastError):
        for piece in runtime.vault.open(item, actor="bench", purpose="look for what was acknowledged"):
            digest.update(piece)
    return digest.hexdigest() == sha256


def _picture(seed: int, width: int = 400, height: int = 300) -> Image.Image:
    """Soft blobs with clear edges: benign by construction, and unlike those of another seed."""
    noise = np.random.default_rng(seed)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    plane: Any = np.zeros((height, width, 3))
    for _ in range(40):
        centre, radius = noise.random(2), noise.uniform(0.04, 0.25)
        plane[(x - centre[0]) ** 2 + (y - centre[1]) ** 2 < radius**2] = noise.random(3) * 255
    return Image.fromarray(plane.astype(np.uint8))


def _encoded(picture: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
