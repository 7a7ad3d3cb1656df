"""Test mode: off by default, only on a home of its own, with a reset that begins at 1 again."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from starlette.testclient import TestClient

from holdfast.access.roles import Permission, Role
from holdfast.api.app import create_app
from holdfast.banks.entries import add_entry
from holdfast.banks.models import Fingerprint
from holdfast.banks.service import create_bank
from holdfast.banks.sources import create_source, ensure_source
from holdfast.decisions.facts import Context
from holdfast.errors import SettingsError
from holdfast.exchanges.service import create_exchange
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory, RuntimeFactory
from tests.api.hma.conftest import PDQ, bank, look_up, says, signal
from tests.pictures import encoded, picture
from tests.screening.web import Web, body


@pytest.fixture
def runtime(database_url: str, make_runtime: RuntimeFactory) -> Runtime:
    return make_runtime(
        hma={"test_mode": True}, rules={"default_surface": "public"}, database_url=database_url
    )


@pytest.fixture
def hma(client: ClientFactory) -> TestClient:
    grants = [Permission.HMA_TEST_MODE, Permission.HMA_BANK_DELETE, Permission.HMA_CREDENTIALS]
    return client(Role.LEAD, grants=grants)


def done(answer: Any) -> None:
    assert (answer.status_code, answer.headers["location"]) == (302, "/status")


def test_reset_begins_at_one_again(hma: TestClient) -> None:
    for _ in range(3):
        bank(hma)
        assert [signal(hma, pdq=PDQ), signal(hma, pdq=PDQ[::-1])] == [1, 2]
        assert look_up(hma) == {"B1": [{"bank_content_id": 1, "distance": "0"}]}
        hma.post("/c/exchanges", json={"bank": "E1", "api": "sample"})
        hma.put("/c/signal_type/pdq", json={"enabled_ratio": 0.5})
        hma.post("/c/exchanges/api/stop_ncii", json={"credential_json": {}})
        done(hma.post("/dev/factory_reset"))
        assert hma.get("/c/banks").json() == hma.get("/c/exchanges").json() == []
        assert hma.get("/c/signal_type").json()[0]["enabled_ratio"] == 1.0
        assert look_up(hma) == {}
        assert hma.get("/m/index/status").json()["pdq"] == {"present": False, "built_to": -1, "size": 0}


def test_reset_also_when_as_much_was_added_as_before(hma: TestClient) -> None:
    """Positions of the fingerprint log come again: an index of before must not be taken for the new one."""
    other = hashlib.sha256(b"another").hexdigest()
    for value, gone in ((PDQ, other), (other, PDQ)):
        bank(hma)
        signal(hma, pdq=value)
        assert list(look_up(hma, value)) == ["B1"] and look_up(hma, gone) == {}
        done(hma.post("/dev/factory_reset"))


def test_the_sample_exchange(hma: TestClient) -> None:
    done(hma.post("/dev/setup_sample_example"))
    says(hma.post("/dev/setup_sample_example"), 403, "Exchange already exists")
    assert hma.get("/c/exchange/SEED_SAMPLE/status").json()["last_fetch_succeeded"] is None
    hma.put("/c/exchange/SEED_SAMPLE", json={"enabled": False})
    done(hma.post("/dev/run_fetch"))
    assert look_up(hma) == {}
    hma.put("/c/exchange/SEED_SAMPLE", json={"enabled": True})
    done(hma.post("/dev/run_fetch"))
    assert hma.get("/c/exchange/SEED_SAMPLE/status").json()["fetched_items"] == 17
    assert len(look_up(hma)["SEED_SAMPLE"]) == 12  # the bridge and its eleven edits
    done(hma.post("/dev/factory_reset"))


def test_the_threatexchange_example_is_kept_and_not_fetched(hma: TestClient) -> None:
    done(hma.post("/dev/setup_tx_example"))
    done(hma.post("/dev/run_fetch"))
    assert hma.get("/c/exchange/TX_EXAMPLE_COLLAB").json()["privacy_group"] == 1012185296055235
    assert hma.get("/c/exchange/TX_EXAMPLE_COLLAB/status").json()["last_fetch_succeeded"] is None
    done(hma.post("/dev/factory_reset"))


def test_random_banks(hma: TestClient) -> None:
    done(hma.post("/dev/seed_banks"))
    assert [one["name"] for one in hma.get("/c/banks").json()] == ["SEED_BANK_0", "SEED_BANK_1"]
    sizes = {name: one["size"] for name, one in hma.get("/m/index/status").json().items()}
    assert sizes == {"pdq": 5000, "video_md5": 5000, "md5": 5000, "sha1": 0, "sha256": 0, "vpdq": 0}
    says(hma.post("/dev/seed_banks"), 403, "Bank already exists")
    done(hma.post("/dev/factory_reset"))


def test_a_loopback_url_is_fetched(hma: TestClient) -> None:
    web = Web()
    web.answers["/image1.jpg"] = body(encoded(picture(1)), "Content-Type: image/jpeg")
    bank(hma)
    url = f"http://127.0.0.1:{web.port}/image1.jpg"
    answer = hma.post("/c/bank/B1/content", params={"url": url, "content_type": "photo"})
    web.close()
    assert answer.status_code == 200 and answer.json()["id"] == 1
    says(hma.get("/h/hash", params={"url": "http://10.0.0.1/a"}), 400, "Invalid or unsafe URL provided")


def _add_source(runtime: Runtime) -> None:
    with runtime.database.write() as connection:
        create_source(connection, "police", kind="import")


def _add_exchange(runtime: Runtime) -> None:
    with runtime.database.write() as connection:
        create_exchange(connection, "REAL", "stop_ncii", {})


def _hold(runtime: Runtime) -> None:
    photo = encoded(picture(1))
    hashes = runtime.screener.hasher.hash_bytes(photo)
    with runtime.database.write() as connection:
        add_entry(
            connection,
            create_bank(connection, "KNOWN", trusted=True).id,
            label="x",
            added=[Fingerprint("sha256", hashes.digests.sha256)],
            source_id=ensure_source(connection, "own").id,
        )
    runtime.screener.refresh()
    assert runtime.intake.screen(photo, Context(), by="key:test").event is not None


@pytest.mark.parametrize(
    ("make_real", "named"),
    [(_add_source, "police"), (_add_exchange, "REAL"), (_hold, "events")],
)
def test_reset_refuses_a_home_that_is_more_than_a_test(
    hma: TestClient, runtime: Runtime, make_real: Any, named: str
) -> None:
    bank(hma)
    make_real(runtime)
    answer = hma.post("/dev/factory_reset")
    assert answer.status_code == 409 and named in answer.json()["message"]
    assert "B1" in [one["name"] for one in hma.get("/c/banks").json()]


@pytest.mark.parametrize("make_real", [_add_source, _add_exchange])
def test_a_real_home_does_not_start_in_test_mode(runtime: Runtime, make_real: Any) -> None:
    create_app(runtime)
    make_real(runtime)
    with pytest.raises(SettingsError, match="test_mode"):
        create_app(runtime)


def test_test_mode_needs_its_grant(client: ClientFactory) -> None:
    lead = client(Role.LEAD, Role.ADMIN)
    for call in ("factory_reset", "run_fetch", "seed_banks", "setup_sample_example", "setup_tx_example"):
        assert lead.post(f"/dev/{call}").status_code == 403


class TestWithoutTestMode:
    @pytest.fixture
    def runtime(self, make_runtime: RuntimeFactory) -> Runtime:
        return make_runtime()

    def test_there_are_no_such_calls_and_no_loopback(self, hma: TestClient) -> None:
        assert hma.post("/dev/factory_reset").status_code == 404
        says(hma.get("/h/hash", params={"url": "http://127.0.0.1/a"}), 400, "Invalid or unsafe URL provided")
