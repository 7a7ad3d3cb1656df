"""The console on a free loopback port: the real application in a thread, on a home with benign cases."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from PIL import ImageOps

from holdfast.access.people import Person, add_person
from holdfast.access.roles import Role
from holdfast.access.sessions import start_session
from holdfast.api.app import create_app
from holdfast.banks import entries, service
from holdfast.banks.sources import ensure_source
from holdfast.decisions.facts import Context
from holdfast.media.pool import DecodePool
from holdfast.review.wellness import set_trained
from holdfast.screening.adding import OWN_SOURCE, fingerprints_of
from holdfast.service.runtime import Runtime
from holdfast.settings import Settings
from holdfast.vault.keys import create_key_file
from tests.pictures import encoded, picture

__all__ = ["Console", "serve_console"]

BANK = "TRUSTED_LIST"


@dataclass(frozen=True)
class Console:
    """A running console: where it answers, and the rooms behind it."""

    url: str
    runtime: Runtime

    def add(self, name: str, *roles: Role) -> Person:
        """A person with these roles; those who review are noted as trained."""
        with self.runtime.database.write() as connection:
            person = add_person(connection, name=name, roles=roles, by="tests")
            set_trained(connection, person.subject, by="tests")
            return person

    def cookie(self, person: Person) -> dict[str, Any]:
        """A cookie of a new session, as Playwright takes it."""
        with self.runtime.database.write() as connection:
            token = start_session(connection, person, method="link", lifetime=timedelta(hours=1))
        return {"name": "holdfast-session", "value": token, "url": self.url}

    def know(self, seeds: Sequence[int], *, trusted: bool = True) -> None:
        """Puts made-up pictures on a list."""
        screener = self.runtime.screener
        with self.runtime.database.write() as connection:
            bank = service.create_bank(connection, BANK, trusted=trusted)
            source = ensure_source(connection, OWN_SOURCE).id
            for seed in seeds:
                hashes = screener.hasher.hash_bytes(encoded(picture(seed)))
                entries.add_entry(
                    connection,
                    bank.id,
                    label=f"picture {seed}",
                    added=fingerprints_of(hashes),
                    source_id=source,
                    classification="A2",
                )
        self.runtime.follower.look()

    def upload(self, seed: int, account: str, *, mirrored: bool = False, name: str = "") -> None:
        """An upload as a platform sends it; what matches becomes part of the account's case."""
        image = picture(seed)
        data = encoded(ImageOps.mirror(image) if mirrored else image, quality=85 if mirrored else 75)
        context = Context(
            account=account,
            surface="public",
            country="US",
            content_reference=f"post/{account}/{seed}{'m' if mirrored else ''}",
            original_name=name or f"IMG_{seed:04}.jpg",
            uploaded_at=datetime.now(UTC) - timedelta(minutes=5),
            ip="203.0.113.7",
            port=51334,
        )
        self.runtime.intake.screen(data, context, by="key:platform")


@contextmanager
def serve_console(folder: Path, **settings: Any) -> Iterator[Console]:
    """Runs the application for the block."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    keys = folder / "vault.keys"
    create_key_file(keys, home=home)
    settings = {"vault": {"key_file": keys}, "rules": {"default_surface": "public"}, **settings}
    with DecodePool(workers=1) as pool, Runtime(home, settings=Settings(**settings), pool=pool) as runtime:
        config = uvicorn.Config(create_app(runtime), host="127.0.0.1", port=0, log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        try:
            while not server.started:
                thread.join(0.01)
                assert thread.is_alive(), "the server ended before it listened"
            port = server.servers[0].sockets[0].getsockname()[1]
            yield Console(f"http://localhost:{port}", runtime)
        finally:
            server.should_exit = True
            thread.join(120)
