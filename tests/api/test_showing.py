"""Held media for people: what kind of file it is, what is shown of it, and what the ledger has of that."""

from __future__ import annotations

import io

import numpy as np
import pytest
import sqlalchemy as sa
from PIL import Image

from holdfast.errors import NotAllowedError, NotMatchableError, ObjectDestroyedError
from holdfast.records.tables.base import now
from holdfast.records.tables.review import case_items, cases
from holdfast.records.tables.viewing import media_shapes
from holdfast.review.case_facts import case_facts
from holdfast.review.fidelity import Rendition
from holdfast.review.grants import reveal
from holdfast.review.leases import take
from holdfast.review.ledger import ItemViews, views_of_items
from holdfast.service.runtime import Runtime
from holdfast.service.showing import open_original, show_before_reveal, show_revealed
from tests.api.conftest import RuntimeFactory
from tests.media.videos import clip, sound
from tests.pictures import encoded, picture

ANA = "person:ana"
PHOTO = encoded(picture(2), quality=95)


@pytest.fixture
def runtime(make_runtime: RuntimeFactory) -> Runtime:
    return make_runtime(review={"training_required": False})


def held(runtime: Runtime, data: bytes) -> tuple[int, int, str]:
    """A case with one file: case, case item, held item."""
    item_id = runtime.vault.hold(data, reason="test", actor="tests")
    at = now()
    case = {
        "kind": "match", "surface": "public", "state": "open", "priority": 3, "gathers": False, "version": 1,
        "media_count": 1, "text_count": 0, "annotations": [], "opened_at": at, "opened_by": "rules",
        "due_at": at, "updated_at": at, "fence": 0,
    }  # fmt: skip
    item = {
        "item_id": item_id, "medium": "image", "outcome": "match", "rule": "r", "rule_class": "known",
        "trusted": False, "matches": [], "context": {}, "added_at": at, "annotations": [],
    }  # fmt: skip
    with runtime.database.write() as connection:
        case_id = connection.execute(sa.insert(cases).values(case).returning(cases.c.id)).scalar_one()
        made = sa.insert(case_items).values(case_id=case_id, **item).returning(case_items.c.id)
        return case_id, connection.execute(made).scalar_one(), item_id


def shape(runtime: Runtime, item_id: str) -> tuple[str, float | None]:
    with runtime.database.read() as connection:
        row = connection.execute(sa.select(media_shapes).where(media_shapes.c.item_id == item_id)).one()
    return row.shape, row.duration_s


def ledger(runtime: Runtime, item_id: str) -> ItemViews:
    with runtime.database.read() as connection:
        return views_of_items(connection, [item_id])[item_id]


def test_before_a_reveal_only_a_smear_leaves_the_server(runtime: Runtime) -> None:
    case, media, item_id = held(runtime, PHOTO)
    body = show_before_reveal(runtime, case, media, Rendition(5, True, True), person=ANA)
    seen = np.asarray(Image.open(io.BytesIO(body))).astype(float)
    assert seen.shape == (180, 240)
    assert np.abs(np.diff(seen, axis=1)).max() < 12  # no edge is left
    assert shape(runtime, item_id) == ("still", None)
    found = ledger(runtime, item_id)
    assert (found.words(), found.served[0].fidelity, found.served[0].end_byte) == (
        "viewed blurred", "blur5-grey-small", len(body),
    )  # fmt: skip
    with pytest.raises(NotAllowedError):
        show_before_reveal(runtime, case, media, Rendition(1, True, True), person=ANA)
    runtime.vault.destroy(item_id, actor="tests", purpose="a test")
    with pytest.raises(ObjectDestroyedError):
        show_before_reveal(runtime, case, media, Rendition(5, True, True), person=ANA)


def test_a_film_is_shown_by_its_key_frames_and_its_length_is_known(runtime: Runtime) -> None:
    film = clip()
    case, media, item_id = held(runtime, film)
    sheet = show_before_reveal(runtime, case, media, Rendition(3, True, True, sheet=True), person=ANA)
    one = show_before_reveal(runtime, case, media, Rendition(3, True, True), person=ANA)
    whole, single = (Image.open(io.BytesIO(body)).size for body in (sheet, one))
    assert whole[0] > single[0] or whole == single
    kind, duration_s = shape(runtime, item_id)
    assert kind == "silent"
    assert duration_s == pytest.approx(4.0, abs=0.3)
    with runtime.database.read() as connection:
        assert [one.length_s for one in case_facts(connection, case).media] == [duration_s]


def test_what_moves_without_a_position_and_what_is_no_picture(runtime: Runtime) -> None:
    frames = [picture(number, 64, 48) for number in range(3)]
    moving = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    case, media, item_id = held(runtime, moving)
    show_before_reveal(runtime, case, media, Rendition(), person=ANA)
    assert shape(runtime, item_id)[0] == "animation"
    case, media, _ = held(runtime, b"just words")
    with pytest.raises(NotMatchableError):
        show_before_reveal(runtime, case, media, Rendition(), person=ANA)


def test_a_sound_is_shown_as_a_coarse_spectrogram_and_a_film_with_sound_is_known(runtime: Runtime) -> None:
    case, media, item_id = held(runtime, sound())
    body = show_before_reveal(runtime, case, media, Rendition(), person=ANA)
    width, height = Image.open(io.BytesIO(body)).size
    assert 120 <= width <= 240 and height == 128
    kind, duration_s = shape(runtime, item_id)
    assert kind == "sound"
    assert duration_s == pytest.approx(1.0, abs=0.3)
    assert ledger(runtime, item_id).served[0].fidelity == "spectrogram-coarse"
    case, media, item_id = held(runtime, clip(sound=True))
    show_before_reveal(runtime, case, media, Rendition(), person=ANA)
    assert shape(runtime, item_id)[0] == "video"


def test_a_reader_that_goes_away_leaves_what_it_got_on_record(runtime: Runtime) -> None:
    data = np.random.default_rng(1).bytes(700_000)
    case, media, item_id = held(runtime, data)
    with runtime.database.write() as connection:
        lease = take(connection, case, ANA, runtime.review)
        grant = reveal(
            connection, case, media, person=ANA, session="s", fence=lease.fence, rules=runtime.review
        )
    found = open_original(runtime, grant.id, person=ANA, session="s")
    reading = found.pieces(0, len(data))
    first = next(reading)
    reading.close()
    assert ledger(runtime, item_id).served == ()  # it was never asked for more: nothing is known to be taken
    reading = found.pieces(0, len(data))
    first = next(reading) + next(reading)
    reading.close()
    (served,) = ledger(runtime, item_id).served
    assert 0 < served.end_byte < len(first) < len(data)
    assert b"".join(found.pieces(100, 300_000)) == data[100:300_000]
    assert ledger(runtime, item_id).served[-1].first_byte == 100
    assert ledger(runtime, item_id).served[-1].end_byte == 300_000


def test_a_revealed_picture_may_be_seen_at_any_fidelity(runtime: Runtime) -> None:
    case, media, _ = held(runtime, PHOTO)
    with runtime.database.write() as connection:
        lease = take(connection, case, ANA, runtime.review)
        grant = reveal(
            connection, case, media, person=ANA, session="s", fence=lease.fence, rules=runtime.review
        )
    body = show_revealed(runtime, grant.id, Rendition(0, False, False), person=ANA, session="s")
    seen = np.asarray(Image.open(io.BytesIO(body)))
    assert np.abs(seen.astype(float) - np.asarray(Image.open(io.BytesIO(PHOTO)))).mean() < 1
    with pytest.raises(NotAllowedError):
        show_revealed(runtime, grant.id, Rendition(0), person=ANA, session="another")
