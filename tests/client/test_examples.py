"""The examples, run as a platform runs them, against the real service: uploads, removals, webhooks."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import pytest

from holdfast.access.roles import Role
from holdfast.client import Action, AsyncClient, Client, Context
from tests.client.conftest import Service, WaitUntil, served
from tests.client.scripted import answer, scripted
from tests.client.test_decoding import ANSWER
from tests.pictures import encoded, picture

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
KNOWN, LIKENESS = encoded(picture(1)), encoded(picture(1).resize((320, 240)), quality=60)


@dataclass
class Platform:
    """A photo service with its own address."""

    url: str
    upload_form: Callable[[httpx2.Client], dict[str, str]]

    def upload(
        self, data: bytes, account: str = "user-1", name: str = "IMG_1.jpg", country: str = "US"
    ) -> dict[str, str]:
        """Uploads a photo as a browser does; what it was answered."""
        with httpx2.Client(base_url=self.url, trust_env=False, timeout=120) as browser:
            fields = self.upload_form(browser)
            sent = browser.post(
                "/photos",
                params={"account": account},
                data={"account": account, **fields},
                files={"file": (name, data, "image/jpeg")},
                headers={"x-country": country},
            )
        assert sent.status_code == 202, sent.text
        body: dict[str, str] = sent.json()
        return body

    def shows(self, photo: str) -> bytes | None:
        """The photo as the public sees it, None where it does not."""
        seen = httpx2.get(f"{self.url}/photos/{photo}", trust_env=False, timeout=120)
        assert seen.status_code in (200, 404)
        return seen.content if seen.status_code == 200 else None


class Start:
    """Starts a platform of one kind for a block."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind, self._folder = kind, folder

    @contextmanager
    def __call__(self, holdfast: str, key: str, secret: str = "") -> Iterator[Platform]:
        folder = self._folder / uuid.uuid4().hex
        secret = secret or "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        with (_fastapi if self.kind == "fastapi" else _django)(holdfast, key, secret, folder) as platform:
            yield platform


@pytest.fixture(params=["fastapi", "django"])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Start:
    """Both examples; photos without an answer are asked about again soon."""
    return Start(request.param, tmp_path)


@contextmanager
def _fastapi(holdfast: str, key: str, secret: str, folder: Path) -> Iterator[Platform]:
    example: Any = _load(EXAMPLES / "fastapi_upload.py")
    example.ASK_AGAIN_S = 0.2
    client = AsyncClient(holdfast, key, deadline_s=2)
    with served(example.create_app(client, secret, example.Photos(folder))) as url:
        yield Platform(url, lambda browser: {})


@contextmanager
def _django(holdfast: str, key: str, secret: str, folder: Path) -> Iterator[Platform]:
    run, environment = _manage(holdfast, key, secret, folder)
    subprocess.run([*run, "migrate", "--run-syncdb", "-v", "0"], env=environment, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with subprocess.Popen(
        [*run, "runserver", "--noreload", "--skip-checks", address], env=environment
    ) as server:
        try:
            _wait_for(
                lambda: httpx2.get(f"http://{address}/", trust_env=False, timeout=120).status_code == 200
            )
            yield Platform(f"http://{address}", _csrf)
        finally:
            server.terminate()


def _manage(holdfast: str, key: str, secret: str, folder: Path) -> tuple[list[str], dict[str, str]]:
    told = {"HOLDFAST_URL": holdfast, "HOLDFAST_KEY": key, "HOLDFAST_WEBHOOK_SECRET": secret}
    environment = {**os.environ, **told, "PHOTOS": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return [sys.executable, str(EXAMPLES / "django_upload" / "manage.py")], environment


def _csrf(browser: httpx2.Client) -> dict[str, str]:
    browser.get("/")
    return {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}


def _load(path: Path) -> ModuleType:
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _wait_for(is_so: Callable[[], bool], most_s: float = 120) -> None:
    until_s = time.monotonic() + most_s
    while True:
        with suppress(httpx2.TransportError):
            if is_so():
                return
        assert time.monotonic() < until_s, "it did not start in time"
        time.sleep(0.05)


@pytest.fixture(scope="module", autouse=True)
def known(service: Service) -> None:
    with Client(service.url, service.key(Role.LEAD)) as lead:
        lead.create_bank("KNOWN", trusted=True)
        lead.add_media("KNOWN", KNOWN, "picture 1")
    service.runtime.screener.refresh()


@pytest.fixture
def lead(service: Service) -> Iterator[Client]:
    with Client(service.url, service.key(Role.LEAD)) as client:
        yield client


@pytest.fixture
def hooked(start: Start, service: Service) -> Iterator[Platform]:
    """A platform that asks the real service, and is told by its webhooks."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        relay = f"http://127.0.0.1:{free.getsockname()[1]}"
    admin = httpx2.Client(
        base_url=service.url, headers={"authorization": f"Bearer {service.key(Role.ADMIN)}"}, trust_env=False
    )
    with admin:
        made = admin.post("/v1/webhooks", json={"name": f"p{uuid.uuid4().hex[:8]}", "url": f"{relay}/"})
        assert made.status_code == 201, made.text
        hook = f"/v1/webhooks/{made.json()['endpoint']['id']}"
        with start(service.url, service.key(Role.UPLOADER), made.json()["secret"]) as platform:
            admin.patch(hook, json={"url": f"{platform.url}/hooks/holdfast"}).raise_for_status()
            yield platform
        admin.delete(hook).raise_for_status()


def action_for(lead: Client, photo: str) -> Action:
    """The removal that was asked for a photo."""
    events = [one for one in lead.events(kinds=["match"]) if one.content_reference == photo]
    (action,) = lead.actions(event=events[-1].id)
    return action


def test_a_photo_that_nobody_knows_is_shown(hooked: Platform) -> None:
    data = encoded(picture(50))
    up = hooked.upload(data)
    assert up["state"] == "shown"
    assert hooked.shows(up["photo"]) == data


def test_no_ordinary_name_keeps_a_photo_waiting(hooked: Platform) -> None:
    for name, country in (
        ("Screenshot 10.00.00\u202fAM \U0001f468\u200d\U0001f469.png", "T1"),
        ("x" * 900, ""),
    ):
        assert hooked.upload(encoded(picture(52)), name=name, country=country)["state"] == "shown"


def test_a_known_photo_never_gets_out_and_its_removal_is_confirmed(
    hooked: Platform, lead: Client, wait_until: WaitUntil
) -> None:
    up = hooked.upload(KNOWN, account="user-2")
    assert up["state"] == "refused"
    assert hooked.shows(up["photo"]) is None
    wait_until(lambda: action_for(lead, up["photo"]).confirmed_at is not None)
    assert action_for(lead, up["photo"]).outcome == "already_gone", "it was never to be seen"


def test_a_likeness_waits_until_people_have_looked(
    hooked: Platform, service: Service, lead: Client, wait_until: WaitUntil
) -> None:
    up = hooked.upload(LIKENESS, account="user-3")
    assert up["state"] == "waits"
    assert hooked.shows(up["photo"]) is None
    (event,) = [one for one in lead.events(kinds=["match"]) if one.content_reference == up["photo"]]
    with Client(service.url, service.key(Role.REVIEWER)) as reviewer:
        decision = reviewer.decision(event.id)
        reviewer.review(event.id, "dispute", "another picture")
        assert decision.hold is not None
        lead.release_hold(decision.hold, "cleared by two people")
        wait_until(lambda: hooked.shows(up["photo"]) == LIKENESS)
        lead.hold_again(decision.hold, "it was the same after all")
        wait_until(lambda: hooked.shows(up["photo"]) is None)
        reviewer.review_entry("KNOWN", decision.entry or 0, "confirm", "for the tests that follow")


def test_a_photo_that_becomes_known_is_removed_and_confirmed(
    hooked: Platform, service: Service, lead: Client, wait_until: WaitUntil
) -> None:
    """Its picture comes on a list later, and somebody checks what is stored already."""
    data = encoded(picture(60 + len(hooked.url) % 7))
    up = hooked.upload(data, account="user-4")
    assert hooked.shows(up["photo"]) == data
    with Client(service.url, service.key(Role.UPLOADER)) as uploader:
        entry = lead.add_media("KNOWN", data, "another picture").entry
        again = uploader.screen(data, Context(content_reference=up["photo"], surface="public", country="US"))
    lead.delete_entry("KNOWN", entry.id)
    assert again.must_hold
    wait_until(lambda: hooked.shows(up["photo"]) is None)
    wait_until(lambda: action_for(lead, up["photo"]).confirmed_at is not None)
    action = action_for(lead, up["photo"])
    assert (action.outcome, len(action.removed or ())) == ("removed", 1)


def test_without_an_answer_a_photo_waits_and_is_asked_about_again(start: Start, tmp_path: Path) -> None:
    busy, fine = answer(503, b"{}", retry_after="60"), answer(200, json.dumps(ANSWER).encode())
    is_back = threading.Event()

    def act(handler: BaseHTTPRequestHandler) -> None:
        (fine if is_back.is_set() else busy)(handler)

    data = encoded(picture(51))
    with scripted(*[act] * 1000) as script, start(script.url, "") as platform:
        up = platform.upload(data)
        assert up["state"] == "waits"
        assert platform.shows(up["photo"]) is None
        is_back.set()
        if start.kind == "django":
            (folder,) = tmp_path.iterdir()
            run, environment = _manage(script.url, "", "whsec_", folder)
            subprocess.run([*run, "ask_again"], env=environment, check=True, capture_output=True)
        _wait_for(lambda: platform.shows(up["photo"]) == data)
    assert len(script.came) >= 2
    assert {one.body for one in script.came} == {data}
    keys = {one.headers["idempotency-key"].replace("-", "") for one in script.came}
    assert keys == {up["photo"].replace("-", "")}


@pytest.mark.parametrize("signature", ["v1,AAAA", ""])
def test_a_webhook_of_somebody_else_is_not_believed(start: Start, service: Service, signature: str) -> None:
    with start(service.url, service.key(Role.UPLOADER)) as platform:
        up = platform.upload(encoded(picture(52)))
        message = {"type": "hold.placed", "data": {"content_reference": up["photo"]}}
        headers = {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(int(time.time())),
            "webhook-signature": signature,
        }
        sent = httpx2.post(
            f"{platform.url}/hooks/holdfast", json=message, headers=headers, trust_env=False, timeout=120
        )
        assert sent.status_code == 400
        assert platform.shows(up["photo"]) is not None


def test_curl(service: Service, lead: Client, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    environment = {
        **os.environ,
        "HOLDFAST_URL": service.url,
        "HOLDFAST_UPLOAD_KEY": service.key(Role.UPLOADER),
        "HOLDFAST_LEAD_KEY": service.key(Role.LEAD),
    }

    def curl(*arguments: str | Path, status: int = 0) -> Any:
        done = subprocess.run(
            [EXAMPLES / "curl.sh", *arguments], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stderr
        return json.loads(done.stdout) if done.stdout else done.stderr

    fine, listed = tmp_path / "fine.jpg", tmp_path / "known one.jpg"
    fine.write_bytes(encoded(picture(70)))
    listed.write_bytes(KNOWN)
    assert curl("screen", fine, "post/1")["outcome"] == "no_match"
    held = curl("screen", listed, "post/2", status=3)
    assert (held["outcome"], held["decision"]["quarantine"]) == ("match", True)
    assert curl("events")["items"][-1]["content_reference"] == "post/2"
    last = curl("events")["next"]
    assert curl("events", str(last))["items"] == []
    curl("bank", "CURL")
    added = curl("add", "CURL", fine, "a label & more")
    assert (added["new"], added["entry"]["label"]) == (True, "a label & more")
    service.runtime.screener.refresh()
    with Client(service.url, service.key(Role.LEAD)) as one:
        value = one.hash(fine).pdq[0].hash
    assert {match["bank"] for match in curl("lookup", "pdq", value)["matches"]} == {"CURL"}
    lead.delete_bank("CURL")
    environment["HOLDFAST_UPLOAD_KEY"] = "hf_wrong"
    assert "Hold it back" in curl("screen", fine, "post/3", status=1)
    assert "screen FILE REFERENCE" in curl("nonsense", status=2)
    assert "HOLDFAST_URL" in curl(status=2)
