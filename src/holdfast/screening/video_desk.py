"""Videos that are not answered at once: put aside, encrypted, with the job that looks at all of them.

What was put aside and the job are written in one transaction; the job destroys it (`service.jobs`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from holdfast.errors import HoldfastError
from holdfast.records import idempotency, jobs
from holdfast.records.database import Database
from holdfast.records.tables.base import now
from holdfast.screening.keeping import JSON, Upload
from holdfast.vault.models import Retention

if TYPE_CHECKING:
    from holdfast.vault.service import Vault

__all__ = ["VIDEO_SCREEN", "VideoDesk", "Waiting"]

VIDEO_SCREEN = "video.screen"
KEPT = timedelta(days=7)  # a video whose job died can be tried again for so long
ACCEPTED = 202


@dataclass(frozen=True, slots=True)
class Waiting:
    """The job; ``stored`` is the whole answer of an earlier time, when the request came before."""

    job: int | None
    stored: bytes = field(default=b"", repr=False)


class VideoDesk:
    """Takes videos for later. Safe to use from many threads."""

    def __init__(self, database: Database, vault: Callable[[], Vault]) -> None:
        self._database = database
        self._vault = vault

    def take(
        self, upload: Upload, banks: Sequence[str], body_of: Callable[[int], bytes], *, in_detail: bool
    ) -> Waiting:
        """The job for one upload; durable when this returns. ``body_of`` makes the answer that is stored.

        Raises VaultError or RecordsError: then nothing was kept, and the upload must be sent again.
        """
        asked = upload.request
        if asked is not None:
            with self._database.read() as connection:
                earlier = idempotency.answer_to(connection, asked)
            if earlier is not None:
                return Waiting(None, earlier.body)
        vault = self._vault()
        stored = vault.put(upload.data or b"", facts=upload.context.to_json())
        try:
            with self._database.write() as connection:
                earlier = None if asked is None else idempotency.begin(connection, asked)
                if earlier is None:
                    retain = Retention(destroy_at=now() + KEPT)
                    item = vault.record(
                        connection, stored, reason="video to check", actor=upload.by, retain=retain
                    )
                    payload: dict[str, Any] = {
                        "item": item,
                        "banks": list(banks),
                        "in_detail": in_detail,
                        "by": upload.by,
                    }
                    job = jobs.enqueue(connection, VIDEO_SCREEN, payload)
                    if asked is not None:
                        body = idempotency.Answer(ACCEPTED, JSON, body_of(job))
                        idempotency.finish(connection, asked, body)
        except HoldfastError:
            vault.discard(stored)
            raise
        if earlier is not None:  # both were sent at one moment
            vault.discard(stored)
            return Waiting(None, earlier.body)
        return Waiting(job)
