"""A held sound in a real browser: drawn first, played only while held, and heard only with its sound on."""

from __future__ import annotations

import io
import wave

import numpy as np
import sqlalchemy as sa

from holdfast.access.roles import Role
from holdfast.records.tables.base import now
from holdfast.records.tables.review import case_items
from holdfast.records.tables.viewing import view_events
from holdfast.review.ledger import views_of_items
from tests.browser.conftest import Visit
from tests.browser.test_console_case import decoded, item_of, take
from tests.console.serving import Console

LENGTH_S = 1.5


def tone() -> bytes:
    """A WAV file at 440 Hz."""
    times = np.arange(int(LENGTH_S * 8000)) / 8000
    stream = io.BytesIO()
    with wave.open(stream, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes((np.sin(2 * np.pi * 440 * times) * 8000).astype("<i2").tobytes())
    return stream.getvalue()


def test_a_sound_is_viewed_in_full_only_when_it_was_heard(console: Console, visit: Visit) -> None:
    person = console.add("Noor Haddad", Role.REVIEWER)
    case_id, _ = item_of(console, "user-0815", 0)
    item_id = console.runtime.vault.hold(tone(), reason="test", actor="tests")
    row = {
        "case_id": case_id, "item_id": item_id, "medium": "audio", "outcome": "match", "rule": "r",
        "rule_class": "known", "trusted": False, "matches": [], "context": {}, "annotations": [],
        "added_at": now(),
    }  # fmt: skip
    with console.runtime.database.write() as connection:
        connection.execute(sa.insert(case_items).values(row))
    page = visit(person)
    page.goto(f"/console/cases/{case_id}")
    take(page)
    piece = page.locator('[data-medium="audio"]')
    decoded(page, '[data-medium="audio"] [data-blurred]')
    assert piece.locator("video, audio").count() == 0
    piece.locator("summary", has_text="Full view").click()
    for is_audible in (False, True):
        piece.locator("[data-audible]").set_checked(is_audible)
        piece.locator('[data-hold="full"]').focus()
        piece.locator("[data-frame]").scroll_into_view_if_needed()
        page.keyboard.down(" ")
        played = piece.locator("video")
        played.wait_for(state="attached")
        assert played.evaluate("(one) => one.muted") is not is_audible
        page.wait_for_function("() => document.querySelector('[data-shown] video')?.ended")
        page.keyboard.up(" ")
        played.wait_for(state="detached")
        piece.locator("[data-attest]").click()
        words = "viewed in full by you" if is_audible else "played without its sound"
        piece.locator("[data-seen]").get_by_text(words).wait_for()
    with console.runtime.database.read() as connection:
        views = views_of_items(connection, [item_id])[item_id]
        kinds = set(connection.scalars(sa.select(view_events.c.kind)))
    assert views.full_viewers == (person.subject,)
    assert {"played", "heard"} <= kinds
    assert {one.fidelity for one in views.served} == {"spectrogram-coarse", "original"}
