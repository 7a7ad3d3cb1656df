"""Screening, look-ups and hashes against the real service, with both clients."""

from __future__ import annotations

import io
import os
import threading
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from holdfast.access.roles import Role
from holdfast.client import (
    AnswerLaterError,
    BadRequestError,
    Client,
    Context,
    HashedContent,
    Job,
    ListedHash,
    NotAllowedError,
    NotAuthenticatedError,
    Outcome,
    Unanswered,
)
from tests.client.conftest import Ask, Service
from tests.pictures import encoded, picture
from tests.screening.clips import film

CONTEXT = Context(content_reference="post/ä1", surface="public", country="US", uploaded_at=datetime.now(UTC))


@pytest.fixture(scope="module", autouse=True)
def known(service: Service) -> bytes:
    """A picture on a trusted list, one on an untrusted one."""
    data = encoded(picture(1))
    with Client(service.url, service.key(Role.LEAD)) as lead:
        lead.create_bank("TRUSTED", trusted=True)
        lead.create_bank("OTHER")
        lead.add_media("TRUSTED", data, "picture 1")
        lead.add_media("OTHER", encoded(picture(2)), "picture 2")
    service.runtime.screener.refresh()
    return data


def test_the_very_same_file_is_held_and_its_removal_asked_for(ask: Ask, known: bytes) -> None:
    answer = ask(Role.UPLOADER).screen(known, CONTEXT)
    assert (answer.outcome, answer.medium, answer.size_bytes) == (Outcome.MATCH, "image", len(known))
    assert answer.decision.quarantine
    assert answer.hold
    assert [one.action for one in answer.actions] == ["remove"]
    assert answer.must_hold
    assert not answer.may_publish
    assert answer.matches is None, "an upload key is not told what it matches"


def test_an_analyst_is_told_what_it_matches(ask: Ask) -> None:
    smaller = encoded(picture(1).resize((320, 240)), quality=60)
    answer = ask(Role.ANALYST).screen(smaller, CONTEXT)
    assert answer.outcome is Outcome.MATCH
    assert answer.matches
    match = answer.matches[0]
    assert (match.bank, match.label, match.algorithm, match.exact) == ("TRUSTED", "picture 1", "pdq", False)
    assert answer.rule == "trusted-match"


def test_no_match_may_be_published(ask: Ask) -> None:
    answer = ask(Role.UPLOADER).screen(encoded(picture(99)), CONTEXT)
    assert answer.outcome is Outcome.NO_MATCH
    assert answer.may_publish
    assert answer.was_checked
    assert (answer.event, answer.hold, answer.actions) == (None, None, ())


def test_what_could_not_be_checked_says_so(ask: Ask) -> None:
    uploader = ask(Role.UPLOADER)
    words = uploader.screen(b"no picture at all, only words", CONTEXT)
    assert (words.outcome, words.was_checked) == (Outcome.NOT_MATCHABLE, False)
    private = uploader.screen(encoded(picture(99)), Context(surface="private", country="DE"))
    assert (private.outcome, private.reason, private.was_checked) == (Outcome.NOT_SCANNED, "policy", False)
    assert private.policy.row == "private-eea"


def test_an_untrusted_match_is_shown_and_queued(ask: Ask) -> None:
    answer = ask(Role.UPLOADER).screen(encoded(picture(2)), CONTEXT)
    assert (answer.outcome, answer.decision.queue, answer.may_publish) == (Outcome.MATCH, 2, True)


def test_every_way_to_give_content(ask: Ask, known: bytes, tmp_path: Path) -> None:
    uploader = ask(Role.UPLOADER)
    path = tmp_path / "picture.jpg"
    path.write_bytes(known)
    with path.open("rb") as opened:
        for content in (
            known,
            bytearray(known),
            memoryview(known),
            path,
            str(path),
            opened,
            io.BytesIO(known),
        ):
            answer = uploader.screen(content, CONTEXT)
            assert (answer.outcome, answer.size_bytes) == (Outcome.MATCH, len(known)), type(content)


def test_an_open_file_is_sent_from_where_it_stands(ask: Ask, known: bytes) -> None:
    file = io.BytesIO(b"a head of ours" + known)
    file.seek(14)
    assert ask(Role.UPLOADER).screen(file, CONTEXT).size_bytes == len(known)


def test_a_pipe_is_streamed_once(ask: Ask, known: bytes) -> None:
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as into:
            into.write(known)

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        answer = ask(Role.UPLOADER).screen(pipe, CONTEXT)
    thread.join()
    assert (answer.outcome, answer.size_bytes) == (Outcome.MATCH, len(known))


def test_the_same_key_is_recorded_once(ask: Ask, service: Service, known: bytes) -> None:
    uploader = ask(Role.UPLOADER)
    key = os.urandom(8).hex()
    first = uploader.screen(known, CONTEXT, idempotency_key=key)
    assert uploader.screen(known, CONTEXT, idempotency_key=key) == first
    other = uploader.screen(known, CONTEXT)
    assert other.event != first.event, "without a key of one's own each call has another one"


def test_banks_may_be_named_by_who_sees_matches(ask: Ask, known: bytes) -> None:
    answer = ask(Role.ANALYST).screen(known, CONTEXT, banks=["OTHER"])
    assert answer.outcome is Outcome.NO_MATCH
    with pytest.raises(NotAllowedError) as refused:
        ask(Role.UPLOADER).screen(known, CONTEXT, banks=["OTHER"])
    assert (refused.value.status, refused.value.type) == (403, "not-allowed")
    assert refused.value.request_id in str(refused.value)


def test_hashes_in_look_up_and_screening(ask: Ask, known: bytes) -> None:
    analyst = ask(Role.ANALYST)
    hashes = analyst.hash(known)
    assert (hashes.medium, hashes.size_bytes, len(hashes.pdq[0].hash)) == ("image", len(known), 64)
    found = analyst.look_up("pdq", hashes.pdq[0].hash).matches
    assert {one.bank for one in found} == {"TRUSTED"}
    assert (found[0].distance, found[0].kind, found[0].verdict) == (0, "known", "positive")
    assert analyst.look_up("md5", hashes.md5, size_bytes=len(known)).matches[0].exact
    several = analyst.look_up_many("sha1", ["0" * 40, hashes.sha1])
    assert [len(one) for one in several.results] == [0, 1]
    screened = analyst.screen_hashes(
        [
            HashedContent({"sha256": hashes.sha256}, context=CONTEXT),
            HashedContent({"pdq": "0f" * 32}, quality=100, context=CONTEXT),
        ]
    )
    assert [one.outcome for one in screened.answers] == [Outcome.MATCH, Outcome.NO_MATCH]
    assert "0f0f" not in repr(HashedContent({"pdq": "0f" * 32})), "hashes do not get into logs"
    assert "0f0f" not in repr(ListedHash("pdq", "0f" * 32))


def test_an_item_of_an_account_that_is_held_back(ask: Ask, known: bytes) -> None:
    analyst, who = ask(Role.ANALYST), f"evil-{uuid.uuid4()}"
    code = int(analyst.hash(known).pdq[0].hash, 16)
    evil = Context(surface="public", country="US", account=who)
    near = [HashedContent({"pdq": f"{code ^ (1 << bit):064x}"}, context=evil) for bit in range(5)]
    assert all(one.was_checked for one in analyst.screen_hashes(near).answers)
    refused, answered = analyst.screen_hashes(
        [near[0], HashedContent({"pdq": "0f" * 32}, context=CONTEXT)]
    ).answers
    assert isinstance(refused, Unanswered) and refused.must_hold and refused.problem.status == 429
    assert answered.outcome == Outcome.NO_MATCH


def test_a_url_that_may_not_be_fetched(ask: Ask) -> None:
    with pytest.raises(BadRequestError) as refused:
        ask(Role.ANALYST).screen_url("http://127.0.0.1/x", CONTEXT)
    assert refused.value.type == "fetch-refused"
    with pytest.raises(BadRequestError):
        ask(Role.ANALYST).hash_url("http://127.0.0.1/x")


def test_a_wrong_key_or_context_is_an_error_and_no_answer(ask: Ask, service: Service, known: bytes) -> None:
    with pytest.raises(NotAuthenticatedError):
        ask().screen(known, CONTEXT)
    with pytest.raises(BadRequestError, match="surface"):
        ask(Role.UPLOADER).screen(known, Context(surface="hidden"))
    with pytest.raises(BadRequestError) as refused:
        ask(Role.ANALYST).look_up("pdq", "f" * 65)
    assert refused.value.errors[0][0] == "body.value"


@pytest.mark.parametrize("name", ["a\u202fb.png", "\U0001f468\u200d\U0001f469", "\x00\ud83d", "", "x" * 3000])
def test_names_and_countries_are_passed_on_as_users_and_networks_make_them(ask: Ask, name: str) -> None:
    context = Context(surface="public", country="T1", original_name=name)
    assert "original_name" not in context.to_json() or context.to_json()["original_name"]
    data = encoded(picture(98))
    assert ask(Role.UPLOADER).screen(data, context).may_publish
    (answer,) = ask(Role.ANALYST).screen_hashes([HashedContent({"md5": "0" * 32}, context=context)]).answers
    assert answer.may_publish


def test_health_needs_no_key(ask: Ask) -> None:
    client = ask()
    assert client.is_alive()
    assert client.ready().is_ready


def test_a_long_video_is_answered_by_its_job(ask: Ask) -> None:
    uploader = ask(Role.UPLOADER)
    with pytest.raises(AnswerLaterError) as raised:
        uploader.screen(film([*range(3)] * 21), CONTEXT)
    heard: list[Job] = []
    answer = uploader.wait_for_answer(raised.value.job, progress=heard.append)
    assert (answer.outcome, answer.medium) == (Outcome.NO_MATCH, "video")
    assert heard[-1].progress_done == 63
