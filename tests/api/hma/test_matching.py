"""`/m`: look-ups by ready hash, upload and URL; compare; index status."""

from __future__ import annotations

import hashlib
import ipaddress
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image, ImageOps
from starlette.testclient import TestClient

from holdfast.access.limits import KeyLimits
from holdfast.access.roles import Role
from holdfast.banks.entries import add_entry
from holdfast.banks.models import Fingerprint
from holdfast.banks.service import create_bank
from holdfast.banks.sources import ensure_source
from holdfast.records.counters import totals
from holdfast.screening.fetch import Fetcher, FetchPolicy
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory, RuntimeFactory
from tests.api.hma.conftest import MD5, NEAR, OTHER, PDQ, bank, look_up, says, signal
from tests.pictures import encoded, picture
from tests.screening.web import Web, body

PHOTO = encoded(picture(1), quality=90)
PLAIN = encoded(Image.new("RGB", (256, 256), "white"), "PNG")
NOTHING_NEAR = "5" * 64
DISTANCE = (int(PDQ, 16) ^ int(NEAR, 16)).bit_count()


@pytest.fixture
def web() -> Iterator[Web]:
    one = Web()
    yield one
    one.close()


@pytest.fixture
def runtime(make_runtime: RuntimeFactory, web: Web) -> Runtime:
    policy = FetchPolicy(hosts=("127.0.0.1",), allow_http=True, total_s=5)
    loopback = ipaddress.ip_network("127.0.0.0/8")
    fetcher = Fetcher(policy, allow_networks=[loopback], allow_ports=[web.port])
    return make_runtime(fetcher=fetcher, rules={"default_surface": "public"})


def post(hma: TestClient, data: bytes = PHOTO, field: str = "photo", **params: Any) -> Any:
    return hma.post("/m/lookup", files={field: ("a", data)}, params=params)


def add(hma: TestClient, name: str, data: bytes = PHOTO) -> int:
    answer = hma.post(f"/c/bank/{name}/content", files={"photo": ("a", data)})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["id"])


def test_by_hash(hma: TestClient) -> None:
    bank(hma, "B1")
    bank(hma, "B2")
    ids = [signal(hma, "B1", pdq=PDQ), signal(hma, "B2", pdq=PDQ), signal(hma, "B1", pdq=NEAR)]
    assert look_up(hma) == {
        "B1": [
            {"bank_content_id": ids[0], "distance": "0"},
            {"bank_content_id": ids[2], "distance": str(DISTANCE)},
        ],
        "B2": [{"bank_content_id": ids[1], "distance": "0"}],
    }
    assert look_up(hma, PDQ.upper()) == look_up(hma)
    assert look_up(hma, NOTHING_NEAR) == {}
    assert list(look_up(hma, banks="B2")) == ["B2"]
    assert list(look_up(hma, banks="B2,B1,NONE")) == ["B1", "B2"]
    assert look_up(hma, banks="NONE") == {}


def test_digests_have_no_distance(hma: TestClient) -> None:
    bank(hma)
    sha256 = hashlib.sha256(b"x").hexdigest()
    content = signal(hma, md5=MD5, sha256=sha256)
    expected = {"B1": [{"bank_content_id": content, "distance": "-"}]}
    for kind, value in (("md5", MD5), ("video_md5", MD5.upper()), ("sha256", sha256)):
        assert look_up(hma, value, kind) == expected
    assert look_up(hma, "0" * 40, "sha1") == {}


def test_errors_by_hash(hma: TestClient) -> None:
    def ask(**params: str) -> Any:
        return hma.get("/m/lookup", params=params)

    needed = "Either url or both signal and signal_type are required"
    says(ask(), 400, needed)
    says(ask(signal=PDQ), 400, needed)
    says(ask(signal_type="pdq"), 400, needed)
    says(ask(signal_type="pdq", signal=""), 400, needed)
    says(ask(signal_type="zzz", signal="x"), 400, "No such SignalType 'zzz'")
    says(ask(signal_type="pdq", signal="x"), 400, "invalid signal: invalid PDQ hash")
    says(ask(signal_type="pdq", signal=PDQ + "00"), 400, "invalid signal: invalid PDQ hash")
    says(ask(signal_type="md5", signal=PDQ), 400, "invalid signal: invalid MD5 hash")
    hma.put("/c/signal_type/md5", json={"enabled_ratio": 0})
    says(ask(signal_type="md5", signal=MD5), 400, "SignalType 'md5' is not enabled")
    says(
        ask(signal_type="pdq", signal=PDQ, bypass_coinflip="perhaps"),
        400,
        "invalid boolean parameter - prefer true/false",
    )


def test_matched_at_once_after_each_change(hma: TestClient) -> None:
    bank(hma)
    for _ in range(3):
        content = signal(hma, pdq=PDQ)
        assert look_up(hma) == {"B1": [{"bank_content_id": content, "distance": "0"}]}
        hma.delete(f"/c/bank/B1/content/{content}")
        assert look_up(hma) == {}


def test_by_upload(hma: TestClient) -> None:
    bank(hma)
    content = add(hma, "B1")
    answer = post(hma)
    assert answer.status_code == 200 and answer.headers["holdfast-outcome"] == "match"
    found = answer.json()
    assert found["pdq"] == {"B1": [{"bank_content_id": content, "distance": "0"}]}
    assert found["sha1"] == {"B1": [{"bank_content_id": content, "distance": "-"}]}
    assert list(post(hma, types="pdq").json()) == ["pdq"]
    assert post(hma, banks="B2").json() == {"pdq": {}, "md5": {}, "sha1": {}, "sha256": {}}
    mirrored = post(hma, encoded(ImageOps.mirror(picture(1)))).json()
    assert mirrored["pdq"]["B1"][0]["bank_content_id"] == content and mirrored["sha1"] == {}
    nothing = post(hma, encoded(picture(2)))
    assert nothing.json()["pdq"] == {} and nothing.headers["holdfast-outcome"] == "no_match"


def test_errors_by_upload(hma: TestClient) -> None:
    says(hma.post("/m/lookup"), 400, "Missing multipart/form-data file upload")
    says(post(hma, field="file"), 400, "no such content_type: 'file'")
    says(post(hma, types="zzz"), 400, "signal type 'zzz' doesn't exist or is disabled")
    two = [("photo", ("a", PHOTO)), ("photo", ("b", PHOTO))]
    says(hma.post("/m/lookup", files=two), 400, "Only one file allowed per request")


def test_what_is_too_plain_is_an_answer_and_what_cannot_be_read_an_error(hma: TestClient) -> None:
    bank(hma)
    add(hma, "B1")
    plain = post(hma, PLAIN)
    assert plain.status_code == 200 and plain.json() == {"pdq": {}, "md5": {}, "sha1": {}, "sha256": {}}
    assert plain.headers["holdfast-outcome"] == "not_matchable"
    assert plain.headers["holdfast-reason"] == "featureless"
    unreadable = post(hma, b"no picture")
    assert unreadable.status_code == 400
    assert unreadable.json()["message"].startswith("Failed to hash photo: ")
    assert unreadable.headers["holdfast-outcome"] == "not_matchable"


def test_an_unreadable_file_is_still_found_by_its_digests(hma: TestClient) -> None:
    bank(hma)
    data = b"no picture"
    content = signal(hma, sha1=hashlib.sha1(data).hexdigest())
    answer = post(hma, data)
    assert answer.status_code == 200
    assert answer.json()["sha1"] == {"B1": [{"bank_content_id": content, "distance": "-"}]}


def test_by_url(hma: TestClient, web: Web) -> None:
    bank(hma)
    content = add(hma, "B1")
    web.answers["/a"] = body(PHOTO, "Content-Type: image/jpeg")
    url = f"http://127.0.0.1:{web.port}/a"
    expected = {"B1": [{"bank_content_id": content, "distance": "0"}]}
    assert hma.get("/m/lookup", params={"url": url}).json()["pdq"] == expected
    assert hma.get("/m/lookup", params={"url": url, "types": "pdq"}).json() == {"pdq": expected}
    inner = {"url": url, "signal_type": "pdq"}
    assert hma.get("/m/lookup", params=inner).json() == expected
    assert hma.get("/m/lookup", params={"url": url, "signal_type": "video_md5"}).json() == {}
    web.answers["/a"] = body(PLAIN, "Content-Type: image/png")
    plain = hma.get("/m/lookup", params=inner)
    assert (plain.status_code, plain.json()) == (200, {})
    assert plain.headers["holdfast-reason"] == "featureless"
    says(hma.get("/m/lookup", params={"url": "http://10.0.0.1/a"}), 400, "Invalid or unsafe URL provided")


COIN = random.Random("7").random()


def test_the_coin(hma: TestClient, runtime: Runtime) -> None:
    for name, ratio in (("ALL", 1.0), ("ABOVE", COIN + 0.01), ("BELOW", COIN - 0.01), ("NONE", 0.0)):
        bank(hma, name, enabled_ratio=ratio)
        signal(hma, name, pdq=PDQ)
    assert set(look_up(hma, seed="7")) == {"ALL", "ABOVE"}
    assert set(look_up(hma, seed="7", bypass_coinflip="true")) == {"ALL", "ABOVE", "BELOW", "NONE"}
    seen = [set(look_up(hma)) for _ in range(40)]
    assert all("ALL" in one and "NONE" not in one for one in seen)
    assert len({frozenset(one) for one in seen}) > 1
    data = encoded(picture(1))
    for name in ("ALL", "NONE"):
        add(hma, name, data)
    assert set(post(hma, data, seed="7").json()["pdq"]) == {"ALL"}
    assert set(post(hma, data, bypass_coinflip="true").json()["pdq"]) == {"ALL", "NONE"}
    runtime.counters.flush()
    today = datetime.now(UTC)
    with runtime.database.read() as connection:
        counted = totals(
            connection,
            "hma.skipped",
            since=today - timedelta(hours=2),
            until=today + timedelta(hours=2),
            by=["bank"],
        )
    skipped = {one.labels["bank"]: one.count for one in counted}
    assert skipped["NONE"] >= 41 and skipped["BELOW"] >= 1 and "ALL" not in skipped


def test_the_coin_of_a_signal_type(hma: TestClient) -> None:
    bank(hma)
    signal(hma, pdq=PDQ)
    hma.put("/c/signal_type/pdq", json={"enabled_ratio": COIN - 0.01})
    assert look_up(hma, seed="7") == {}
    assert list(look_up(hma, seed="7", bypass_coinflip="true")) == ["B1"]
    hma.put("/c/signal_type/pdq", json={"enabled_ratio": COIN + 0.01})
    assert list(look_up(hma, seed="7")) == ["B1"]


def test_raw(hma: TestClient) -> None:
    for name in ("A", "B", "C"):
        bank(hma, name, enabled_ratio=0)
    ids = [signal(hma, "A", pdq=NEAR), signal(hma, "B", pdq=PDQ), signal(hma, "C", pdq=PDQ)]

    def ask(**params: Any) -> Any:
        return hma.get("/m/raw_lookup", params={"signal_type": "pdq", "signal": PDQ, **params}).json()

    assert ask() == {"matches": [ids[1], ids[2], ids[0]]}
    assert ask(banks="A,B") == {"matches": [ids[1], ids[0]]}
    assert ask(banks="NONE") == {"matches": []}
    assert ask(include_distance=True, banks="A") == {
        "matches": [{"bank_content_id": ids[0], "distance": str(DISTANCE)}]
    }
    assert ask(signal=NOTHING_NEAR) == {"matches": []}


def test_raw_leaves_out_what_is_switched_off(hma: TestClient) -> None:
    bank(hma)
    content = signal(hma, pdq=PDQ)
    hma.put(f"/c/bank/B1/content/{content}", json={"disable_until_ts": 0})
    asked = {"signal_type": "pdq", "signal": PDQ}
    assert hma.get("/m/raw_lookup", params=asked).json() == {"matches": []}
    asked["include_disabled"] = "true"
    assert hma.get("/m/raw_lookup", params=asked).json() == {"matches": [content]}


def test_errors_of_raw(hma: TestClient) -> None:
    missing = hma.get("/m/raw_lookup", params={"signal": PDQ})
    assert missing.status_code == 422 and missing.json()[0]["loc"] == ["signal_type"]
    odd = {"signal": PDQ, "signal_type": "pdq", "include_distance": "perhaps"}
    assert hma.get("/m/raw_lookup", params=odd).status_code == 422
    bad = {"signal": "x", "signal_type": "pdq"}
    says(hma.get("/m/raw_lookup", params=bad), 400, "invalid signal: invalid PDQ hash")


def test_compare(hma: TestClient) -> None:
    def ask(json: Any) -> Any:
        return hma.post("/m/compare", json=json)

    assert ask({"pdq": [PDQ, NEAR.upper()]}).json() == {"pdq": [True, {"distance": DISTANCE}]}
    assert ask({"pdq": [PDQ, OTHER]}).json()["pdq"][0] is False
    both = ask({"video_md5": [MD5, MD5.upper()], "md5": [MD5, "0" * 32]}).json()
    assert both == {"video_md5": [True, {"distance": "-"}], "md5": [False, {"distance": "-"}]}
    assert ask({}).json() == {}
    says(ask([1]), 400, "Request input was not a dict")
    says(ask({"pdq": "x"}), 400, "Comparison hashes for pdq was not a list")
    says(ask({"pdq": [PDQ]}), 400, "Comparison hash list length must be exactly 2")
    says(ask({"pdq": [PDQ, "x"]}), 400, "Invalid pdq hash: invalid PDQ hash")
    says(ask({"pdq": [PDQ, 5]}), 400, "Invalid pdq hash: invalid PDQ hash")
    says(ask({"zzz": [PDQ, PDQ]}), 400, "No such SignalType 'zzz'")
    assert hma.post("/m/compare", content=b"{}", headers={"content-type": "text/plain"}).status_code == 415
    assert hma.post("/m/compare").status_code == 415


def test_pdq_matches_up_to_31_bits(hma: TestClient) -> None:
    def at(bits: int) -> Any:
        other = f"{int(PDQ, 16) ^ (2**bits - 1):064x}"
        return hma.post("/m/compare", json={"pdq": [PDQ, other]}).json()["pdq"]

    assert at(31) == [True, {"distance": 31}] and at(32) == [False, {"distance": 32}]


def test_index_status(hma: TestClient) -> None:
    empty = {"present": False, "built_to": -1, "size": 0}
    names = ("pdq", "video_md5", "md5", "sha1", "sha256", "vpdq")
    assert hma.get("/m/index/status").json() == dict.fromkeys(names, empty)
    bank(hma)
    before = int(datetime.now(UTC).timestamp())
    signal(hma, pdq=PDQ, video_md5=MD5)
    found = hma.get("/m/index/status").json()
    assert {name: one["size"] for name, one in found.items()} == {
        "pdq": 1,
        "video_md5": 1,
        "md5": 1,
        "sha1": 0,
        "sha256": 0,
        "vpdq": 0,
    }
    assert found["pdq"]["present"] and before <= found["pdq"]["built_to"] <= before + 60
    assert list(hma.get("/m/index/status", params={"signal_type": "pdq"}).json()) == ["pdq"]
    says(hma.get("/m/index/status", params={"signal_type": "x"}), 400, "No such signal type 'x'")


def test_a_benign_entry_suppresses_and_is_not_shown(hma: TestClient, runtime: Runtime) -> None:
    bank(hma)
    near = signal(hma, pdq=NEAR)
    with runtime.database.write() as connection:
        add_entry(
            connection,
            create_bank(connection, "ALLOWED", kind="benign").id,
            label="harmless",
            added=[Fingerprint("pdq", bytes.fromhex(PDQ), "full")],
            source_id=ensure_source(connection, "own").id,
        )
    runtime.screener.refresh()
    assert look_up(hma, PDQ) == {}
    assert look_up(hma, NEAR) == {"B1": [{"bank_content_id": near, "distance": "0"}]}


def test_no_answer_from_lists_that_are_too_old(
    hma: TestClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(runtime.follower), "is_ready", property(lambda _: False))
    asked = {"signal_type": "pdq", "signal": PDQ}
    says(hma.get("/m/lookup", params=asked), 503, "index not yet ready")
    says(hma.get("/m/raw_lookup", params=asked), 503, "index not yet ready")
    says(post(hma), 503, "index not yet ready")


def test_who_may_look_up(hma: TestClient, client: ClientFactory) -> None:
    asked = {"signal_type": "pdq", "signal": PDQ}
    assert client(Role.ANALYST).get("/m/lookup", params=asked).status_code == 200
    for role in (Role.UPLOADER, Role.REVIEWER, Role.ADMIN, Role.EXCHANGE, Role.AUDITOR):
        answer = client(role).get("/m/lookup", params=asked)
        assert answer.status_code == 403 and list(answer.json()) == ["message"], role


def test_look_ups_are_limited(client: ClientFactory) -> None:
    few = client(Role.ANALYST, limits=KeyLimits(hash_lookups_per_minute=2))
    asked = {"signal_type": "pdq", "signal": PDQ}
    assert [few.get("/m/lookup", params=asked).status_code for _ in range(3)] == [200, 200, 429]
    assert int(few.get("/m/lookup", params=asked).headers["retry-after"]) >= 1
    assert few.get("/m/raw_lookup", params=asked).status_code == 429


def test_an_upload_leaves_no_trace(hma: TestClient, runtime: Runtime) -> None:
    bank(hma)
    post(hma)
    runtime.counters.flush()
    digest = hashlib.sha256(PHOTO)
    files = [path for path in runtime.home.path.rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        assert digest.digest() not in content and digest.hexdigest().encode() not in content
        assert PHOTO[100:200] not in content
