"""What the jobs of the queue do. One function a kind; `handlers` gives them to a worker."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from holdfast.banks.formats import Options, get_format
from holdfast.banks.importing import ImportResult, import_stream, look
from holdfast.banks.log import last_position
from holdfast.decisions.facts import Context as Facts
from holdfast.errors import HeldError, ObjectDestroyedError, UnreadableError
from holdfast.records.jobs import Job
from holdfast.records.worker import Context, Handler
from holdfast.screening.video_desk import VIDEO_SCREEN
from holdfast.vault.service import Vault

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from holdfast.service.runtime import Runtime

__all__ = ["BANK_IMPORT", "handlers"]

BANK_IMPORT = "bank.import"
READ_BYTES = 256 * 1024


def handlers(runtime: Runtime) -> dict[str, Handler]:
    """Every kind of job that a worker of this home runs."""
    return {
        BANK_IMPORT: lambda job, context: _import_bank(runtime, job, context),
        VIDEO_SCREEN: lambda job, context: _screen_video(runtime, job, context),
    }


def _import_bank(runtime: Runtime, job: Job, context: Context) -> dict[str, Any]:
    """A hash list that lies in the vault into a bank; the counts.

    The import and the end of the job are one transaction, so that the list is taken in once; the list is
    destroyed after it, or when its week is over. A killed worker's job begins anew.
    """
    wanted = job.payload
    done: dict[str, Any] = {}

    def finish(connection: sa.Connection, result: ImportResult) -> None:
        done.update(asdict(result), list_version=last_position(connection))
        context.complete(connection, done)

    def tell(phase: str, count: int) -> None:
        if phase == "reading":  # later the import's own transaction keeps other writers of SQLite out
            context.progress(count, note="lines read")

    with _open_list(runtime.vault, wanted["item"], job) as stream:
        import_stream(
            runtime.database,
            wanted["bank"],
            stream,
            get_format(wanted["form"]) if wanted["form"] else look(stream),
            source=wanted["source"],
            options=Options(**wanted["options"]),
            force=wanted["force"],
            progress=tell,
            finish=finish,
        )
    with suppress(HeldError, ObjectDestroyedError):
        runtime.vault.destroy(wanted["item"], actor=f"job:{job.id}", purpose="the list was imported")
    return done


def _screen_video(runtime: Runtime, job: Job, context: Context) -> None:
    """A video that was too long to answer at once; the answer, as for an upload.

    The decision and the end of the job are one transaction; what was put aside is destroyed after it, or when
    its week is over. A killed worker's job begins anew.
    """
    wanted, vault = job.payload, runtime.vault
    actor, purpose = f"job:{job.id}", "check of a video"
    try:
        facts = vault.read_facts(wanted["item"], actor=actor, purpose=purpose)
        data = b"".join(vault.open(wanted["item"], actor=actor, purpose=purpose))
    except ObjectDestroyedError:
        raise UnreadableError(
            "The video was destroyed before it was checked; nothing was decided. Send it again."
        ) from None
    runtime.screener.refresh()
    runtime.intake.finish_video(
        data,
        Facts.from_json(facts.context),
        by=wanted["by"],
        banks=wanted["banks"],
        in_detail=wanted["in_detail"],
        on_progress=lambda done_s, total_s: context.progress(
            int(done_s), None if total_s is None else int(total_s), note="seconds looked at"
        ),
        complete=context.complete,
    )
    with suppress(HeldError, ObjectDestroyedError):
        vault.destroy(wanted["item"], actor=actor, purpose="the video was checked")


def _open_list(vault: Vault, item_id: str, job: Job) -> io.BufferedReader:
    try:
        pieces = vault.open(item_id, actor=f"job:{job.id}", purpose="import of a hash list")
    except ObjectDestroyedError:
        raise UnreadableError(
            "The list was destroyed before it was imported; nothing was imported. Send it again."
        ) from None
    return io.BufferedReader(_Pieces(pieces), READ_BYTES)


class _Pieces(io.RawIOBase):
    """A stream of the pieces. The last of them is only given when the whole was verified."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        into = memoryview(buffer).cast("B")
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        size = min(len(into), len(self._rest))
        into[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
