"""Local features from a file over HTTP to a match, and that they are in nothing that leaves."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import av
import pytest
import sqlalchemy as sa
from PIL import Image
from starlette.testclient import TestClient

from holdfast.access.roles import Permission, Role
from holdfast.banks.exporting import export_bank
from holdfast.banks.formats import FORMATS
from holdfast.banks.handling import Purpose
from holdfast.banks.models import Handling
from holdfast.banks.service import create_bank, get_bank
from holdfast.banks.sources import set_handling
from holdfast.banks.videofeatures import context_of, sealed_features
from holdfast.errors import ObjectDamagedError
from holdfast.hashing.videolocal_blob import unpack
from holdfast.records.tables.videos import video_features
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory, RuntimeFactory
from tests.matching.video.films import LENGTH_S, SIZE, Edit, picture

SAID = {"Holdfast-Context": json.dumps({"content_reference": "post/7", "surface": "public", "country": "US"})}


def film(seed: int, edit: Edit = lambda page, _: page) -> bytes:
    """A made film as H.264, four frames a second."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as output:
        track: Any = output.add_stream("libx264", rate=4)
        track.width, track.height = edit(picture(seed, 0.0), 0.0).size
        track.pix_fmt = "yuv420p"
        track.codec_context.thread_count = 1
        for number in range(int(LENGTH_S * 4)):
            page = edit(picture(seed, number / 4), number / 4).convert("RGB")
            output.mux(track.encode(av.VideoFrame.from_image(page)))  # type: ignore[no-untyped-call]
        output.mux(track.encode(None))
    return stream.getvalue()


def hidden(page: Image.Image, time_s: float) -> Image.Image:
    """A part of it, turned, inside another film: no view undoes that."""
    whole = picture(77, time_s).resize((768, 576))
    part = page.crop((60, 40, SIZE[0] - 30, SIZE[1] - 20)).resize((520, 400)).rotate(17)
    whole.paste(part, (200, 120))
    return whole


@pytest.fixture(scope="module")
def upload() -> bytes:
    return film(1, hidden)


@pytest.fixture
def runtime(make_runtime: RuntimeFactory) -> Runtime:
    opened = make_runtime()
    with opened.database.write() as connection:
        create_bank(connection, "FILMS", trusted=True)
    return opened


@pytest.fixture
def lead(client: ClientFactory) -> TestClient:
    return client(Role.LEAD, Role.UPLOADER, grants=[Permission.HMA_BANK_DELETE])


def add(lead: TestClient, **asked: Any) -> int:
    answer = lead.post("/v1/banks/FILMS/media", params={"label": "film", **asked}, content=film(1))
    assert answer.status_code == 201, answer.text
    return int(answer.json()["entry"]["id"])


def screen(lead: TestClient, data: bytes) -> dict[str, Any]:
    answer = lead.post("/v1/screen", content=data, headers=SAID)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def stored(runtime: Runtime) -> list[tuple[int, bytes, bytes]]:
    with runtime.database.read() as connection:
        ids = list(connection.scalars(sa.select(video_features.c.fingerprint_id)))
        return list(sealed_features(connection, ids))


def test_what_codes_miss_is_found_by_features_and_stays_for_a_person(
    lead: TestClient, runtime: Runtime, upload: bytes
) -> None:
    add(lead)
    runtime.screener.refresh()
    assert stored(runtime) == []
    assert screen(lead, upload)["outcome"] == "no_match"

    entry = add(lead, local_features=True)
    runtime.screener.refresh()
    found = screen(lead, upload)

    assert found["outcome"] == "match"
    (match,) = found["matches"]
    assert (match["entry"], match["algorithm"], match["tier"]) == (entry, "vpdq", "match")
    assert match["view"].startswith("local features, turned by 17 degrees")
    assert match["query_end_s"] - match["query_start_s"] > 5
    decision = found["decision"]
    assert (decision["block"], decision["draft_report"], decision["quarantine"]) == (False, False, True)
    assert screen(lead, film(2, hidden))["outcome"] == "no_match"

    assert lead.delete(f"/v1/banks/FILMS/entries/{entry}").status_code in (200, 204)
    runtime.screener.refresh()
    assert stored(runtime) == []
    assert screen(lead, upload)["outcome"] == "no_match"


def test_features_are_sealed_and_in_nothing_that_leaves(lead: TestClient, runtime: Runtime) -> None:
    entry = add(lead, local_features=True)
    ((_, name, sealed),) = stored(runtime)
    packed = runtime.sealer.unseal(sealed, context=context_of(name))
    features = unpack(packed)
    code = features.codes[len(features.codes) // 2].astype("<u8").tobytes()
    assert code in packed and code not in sealed
    with pytest.raises(ObjectDamagedError):
        runtime.sealer.unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), context=context_of(name))

    told = [
        lead.get(path).text
        for path in (
            "/v1/banks",
            "/v1/banks/FILMS",
            "/v1/banks/FILMS/entries",
            f"/v1/banks/FILMS/entries/{entry}",
            "/v1/events",
            f"/c/bank/FILMS/content/{entry}",
            f"/c/bank/FILMS/content/{entry}?include_signals=true",
        )
    ]
    told.append(json.dumps(screen(lead, film(1))))
    with runtime.database.write() as connection:
        set_handling(connection, "own", Handling(True, True, ("*",)))
        for form in FORMATS.values():
            ways: list[tuple[Purpose, str | None]] = [("export", None), ("share", "other")]
            for purpose, recipient in ways:
                stream = io.StringIO()
                bank = get_bank(connection, "FILMS")
                export_bank(connection, bank, stream, form, purpose=purpose, recipient=recipient)
                told.append(stream.getvalue())

    assert len("".join(told)) > 5_000
    for part in (code, sealed[-64:-16], packed[:40]):
        for text in (part.hex(), base64.b64encode(part).decode()[:40], repr(part)[2:-1]):
            assert not any(text.lower() in one.lower() for one in told)


def test_deleting_the_bank_destroys_them(lead: TestClient, runtime: Runtime) -> None:
    add(lead, local_features=True)
    assert len(stored(runtime)) == 1

    assert lead.delete("/v1/banks/FILMS").status_code in (200, 204)
    assert stored(runtime) == []
