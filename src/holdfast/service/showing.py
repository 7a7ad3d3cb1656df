"""Held media for people's eyes: opened from the vault, decoded by a worker, smeared, written down.

Every byte that goes out is in the view ledger under the person's name before or as it goes.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from holdfast.errors import NotFoundError, NotMatchableError, ObjectDestroyedError
from holdfast.media.types import Reason, VideoInfo, VideoLimits, VideoMode
from holdfast.records.tables.review import case_items
from holdfast.records.tables.vault import vault_items
from holdfast.review.fidelity import Rendition, bands, rendered, require_allowed
from holdfast.review.grants import Grant, note_served, require_grant
from holdfast.review.viewing import ORIGINAL, note_shape
from holdfast.service.png import to_png

if TYPE_CHECKING:
    from holdfast.service.runtime import Runtime

__all__ = ["Original", "learn_shape", "open_original", "show_before_reveal", "show_revealed"]

UInt8Array = npt.NDArray[np.uint8]

SHEET_FRAMES = 12
SHEET_COLUMNS = 4
SHEET_SIDE_PX = 320
SHEET_LIMITS = VideoLimits(cpu_s=60.0, wall_s=120.0)
# Of a longer sound only the beginning is drawn, and its length stays unknown.
SOUND_LIMITS = VideoLimits(max_bytes=2 * 1024**3, max_duration_s=3600.0, cpu_s=60.0, wall_s=120.0)


@dataclass(frozen=True, slots=True)
class Original:
    """A held file for one reveal. `pieces` gives bytes ``[first, end)`` and writes down what went out."""

    size_bytes: int
    runtime: Runtime
    grant: Grant

    def pieces(self, first: int, end: int) -> Generator[bytes, None, None]:
        """Those bytes; how far they came is on record even when the reader goes away in the middle."""
        vault, grant = self.runtime.vault, self.grant
        digest = vault.read_facts(grant.item_id, actor=grant.person, purpose=_purpose(grant)).sha256
        at = sent = first
        seen = 0
        try:
            for piece in vault.open(grant.item_id, actor=grant.person, purpose=_purpose(grant)):
                start, seen = seen, seen + len(piece)
                if seen <= first:
                    continue
                part = piece[max(0, first - start) : end - start]
                at += len(part)
                yield part
                sent = at
                if seen >= end:
                    break
        finally:
            self._note(first, sent, bytes.fromhex(digest))

    def _note(self, first: int, end: int, digest: bytes) -> None:
        if end == first:
            return
        with self.runtime.database.write() as connection:
            note_served(
                connection,
                item_id=self.grant.item_id,
                person=self.grant.person,
                fidelity=ORIGINAL,
                digest=digest,
                first_byte=first,
                end_byte=end,
                total_bytes=self.size_bytes,
                grant_id=self.grant.id,
                case_id=self.grant.case_id,
            )


def show_before_reveal(
    runtime: Runtime, case_id: int, case_item: int, wanted: Rendition, *, person: str
) -> bytes:
    """A PNG of a file in a case, blurred, for whoever may read cases.

    Raises `NotAllowedError` for what shows more than the floor, `NotFoundError`, `ObjectDestroyedError`,
    `VaultError`, `NotMatchableError` for what is no picture or video.
    """
    require_allowed(wanted, runtime.review)
    with runtime.database.read() as connection:
        item_id = _item_of(connection, case_id, case_item)
    return _show(runtime, item_id, wanted, person=person, case_id=case_id, grant_id=None)


def show_revealed(runtime: Runtime, grant_id: int, wanted: Rendition, *, person: str, session: str) -> bytes:
    """A PNG of a file that the person has revealed, at any fidelity below its own bytes. Raises as above."""
    with runtime.database.read() as connection:
        grant = require_grant(connection, grant_id, person=person, session=session)
    return _show(runtime, grant.item_id, wanted, person=person, case_id=grant.case_id, grant_id=grant.id)


def open_original(runtime: Runtime, grant_id: int, *, person: str, session: str) -> Original:
    """The held bytes themselves, under a reveal. Raises `NotAllowedError`, `ObjectDestroyedError`."""
    with runtime.database.read() as connection:
        grant = require_grant(connection, grant_id, person=person, session=session)
        row = _held(connection, grant.item_id)
    return Original(row.size_bytes, runtime, grant)


def learn_shape(runtime: Runtime, grant_id: int, *, person: str, session: str) -> None:
    """Notes what kind of file was revealed, where no picture of it was shown before: no view of it could be
    proved else (`review.proof`). Nothing of it goes out. Raises `NotAllowedError`, `VaultError`.
    """
    with runtime.database.read() as connection:
        grant = require_grant(connection, grant_id, person=person, session=session)
    data = b"".join(runtime.vault.open(grant.item_id, actor=person, purpose=_purpose(grant)))
    with suppress(NotMatchableError):
        _, shape, duration_s = _picture(runtime, data, Rendition(blur=0, greyscale=True, small=True))
        with runtime.database.write() as connection:
            note_shape(connection, grant.item_id, shape, duration_s)


def _show(
    runtime: Runtime,
    item_id: str,
    wanted: Rendition,
    *,
    person: str,
    case_id: int | None,
    grant_id: int | None,
) -> bytes:
    purpose = f"{wanted.name} for case {case_id}" if case_id else f"{wanted.name} outside a case"
    data = b"".join(runtime.vault.open(item_id, actor=person, purpose=purpose))
    picture, shape, duration_s = _picture(runtime, data, wanted)
    if shape == "sound":
        shown, fidelity = bands(picture, is_revealed=grant_id is not None)
    else:
        shown, fidelity = rendered(picture, wanted), wanted.name
    body = to_png(shown)
    with runtime.database.write() as connection:
        note_shape(connection, item_id, shape, duration_s)
        note_served(
            connection,
            item_id=item_id,
            person=person,
            fidelity=fidelity,
            digest=sha256(body).digest(),
            first_byte=0,
            end_byte=len(body),
            total_bytes=len(body),
            grant_id=grant_id,
            case_id=case_id,
        )
    return body


def _picture(runtime: Runtime, data: bytes, wanted: Rendition) -> tuple[UInt8Array, str, float | None]:
    """A picture of the file, what kind of file it is, and how long a video or sound lasts."""
    from holdfast.media.soundformats import sound_format
    from holdfast.media.videoformats import video_format

    pool = runtime.screener.pool
    if video_format(data) is not None:
        try:
            return _sheet(runtime, data, SHEET_FRAMES if wanted.sheet else 1)
        except NotMatchableError as error:
            if error.reason != Reason.NOT_MEDIA or sound_format(data) is None:
                raise
    if sound_format(data) is not None:
        return _sound(runtime, data)
    picture, is_several = pool.preview_image(data, max_side_px=wanted.max_side_px)
    return picture, "animation" if is_several else "still", None


def _sound(runtime: Runtime, data: bytes) -> tuple[UInt8Array, str, float | None]:
    """Its spectrogram. Of several tracks a browser plays one: such a file cannot be shown to be heard."""
    sketch = runtime.screener.pool.sketch_sound(data, SOUND_LIMITS)
    return sketch.picture, "sound" if sketch.tracks == 1 else "other", sketch.duration_s


def _sheet(runtime: Runtime, data: bytes, frames: int) -> tuple[UInt8Array, str, float | None]:
    """Key frames beside each other, evenly over the video; its length where all of it could be looked at."""
    with runtime.screener.pool.open_video(
        data, SHEET_LIMITS, mode=VideoMode.KEYFRAMES, every_s=0, min_side=SHEET_SIDE_PX
    ) as reader:
        tiles = [rendered(frame.luma, Rendition(0, True, True)) for frame in reader]
        outcome, info = reader.outcome(), reader.info
    if not tiles:
        raise NotMatchableError("damaged", "No picture of this video could be decoded.")
    chosen = [tiles[number * len(tiles) // frames] for number in range(min(frames, len(tiles)))]
    # Key frames end before the video does, and what its head says may be wrong: the longer of both.
    is_known = outcome.incomplete is None and info.duration_s is not None
    length_s = max(outcome.duration_s, info.duration_s or 0.0) if is_known else None
    return _beside(chosen), _shape_of_video(info), length_s


def _shape_of_video(info: VideoInfo) -> str:
    """Of several sound tracks a browser plays one: nobody can be shown to have heard them all."""
    if info.sound_tracks > 1:
        return "other"
    return "video" if info.sound_tracks else "silent"


def _beside(tiles: list[UInt8Array]) -> UInt8Array:
    height, width = (max(tile.shape[side] for tile in tiles) for side in (0, 1))
    columns = min(SHEET_COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    sheet = np.zeros((rows * height, columns * width), np.uint8)
    for number, tile in enumerate(tiles):
        top, left = number // columns * height, number % columns * width
        sheet[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return sheet


def _item_of(connection: sa.Connection, case_id: int, case_item: int) -> str:
    i = case_items.c
    item_id = connection.scalar(sa.select(i.item_id).where(i.id == case_item, i.case_id == case_id))
    if item_id is None:
        raise NotFoundError(f"Case {case_id} holds no file {case_item} that could be shown.")
    _held(connection, item_id)
    return str(item_id)


def _held(connection: sa.Connection, item_id: str) -> Any:
    row = connection.execute(
        sa.select(vault_items.c.state, vault_items.c.size_bytes).where(vault_items.c.id == item_id)
    ).first()
    if row is None:
        raise NotFoundError(f"The vault has no item {item_id!r}; nothing was shown.")
    if row.state == "destroyed":
        raise ObjectDestroyedError(f"Item {item_id} was destroyed; there is nothing to show.")
    return row


def _purpose(grant: Grant) -> str:
    where = f"case {grant.case_id}" if grant.case_id else "a second review"
    if grant.approval_id is not None:
        where = f"approval {grant.approval_id}"
    return f"reveal {grant.id}, {where}"
