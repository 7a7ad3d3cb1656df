"""`/h/hash` by upload and URL."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from holdfast.exchanges.sample import SAMPLE_PDQ
from holdfast.hashing.code import PdqHash
from holdfast.screening.fetch import Fetcher, FetchPolicy
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory, RuntimeFactory
from tests.api.hma.conftest import says
from tests.pictures import encoded, picture
from tests.screening.web import Web, body

PHOTO = encoded(picture(1))
PLAIN = encoded(Image.new("RGB", (256, 256), "white"), "PNG")
MOST_BYTES = 1_000_000


@pytest.fixture
def web() -> Iterator[Web]:
    one = Web()
    yield one
    one.close()


@pytest.fixture
def runtime(make_runtime: RuntimeFactory, web: Web) -> Runtime:
    """One that may fetch from the test's server, and has a small limit on size."""
    policy = FetchPolicy(hosts=("127.0.0.1",), allow_http=True, max_bytes=MOST_BYTES, total_s=5)
    loopback = ipaddress.ip_network("127.0.0.0/8")
    fetcher = Fetcher(policy, allow_networks=[loopback], allow_ports=[web.port])
    return make_runtime(fetcher=fetcher, media={"max_bytes": MOST_BYTES})


def digests(data: bytes) -> dict[str, str]:
    return {name: hashlib.new(name, data).hexdigest() for name in ("md5", "sha1", "sha256")}


def serve(web: Web, data: bytes = PHOTO, kind: str = "image/jpeg") -> str:
    web.answers["/a"] = body(data, f"Content-Type: {kind}")
    return f"http://127.0.0.1:{web.port}/a"


def post(hma: TestClient, data: bytes = PHOTO, field: str = "photo", **more: Any) -> Any:
    return hma.post("/h/hash", files={field: ("a", data)}, **more)


def test_an_uploaded_photo(hma: TestClient) -> None:
    answer = post(hma)
    hashes = answer.json()
    assert answer.status_code == 200 and list(hashes) == ["pdq", "md5", "sha1", "sha256"]
    assert len(bytes.fromhex(hashes.pop("pdq"))) == 32 and hashes == digests(PHOTO)
    assert "holdfast-outcome" not in answer.headers


@pytest.mark.shared_data
def test_the_published_hash_of_the_published_picture(hma: TestClient, shared_data: Path) -> None:
    original = next((shared_data / "images" / "pdq-reference").rglob("aaa-orig.jpg")).read_bytes()
    found = PdqHash.from_hex(post(hma, original).json()["pdq"])
    assert found.distance(PdqHash.from_hex(SAMPLE_PDQ[0])) <= 8  # two ways of scaling are in use


def test_an_uploaded_video(hma: TestClient) -> None:
    film = b"\x00\x00\x00\x18ftypmp42"
    own = digests(film)
    answer = post(hma, film, "video")
    assert answer.json() == {"video_md5": own["md5"], **own, "vpdq": ""}
    assert answer.headers["holdfast-outcome"] == "not_matchable"
    named = post(hma, film, "video", params={"types": "vpdq"})
    assert named.status_code == 400 and "Nothing is known about it" in named.json()["message"]


def test_types(hma: TestClient) -> None:
    assert post(hma, params={"types": "md5"}).json() == {"md5": digests(PHOTO)["md5"]}
    assert list(post(hma, params={"types": " sha1 , pdq,"}).json()) == ["sha1", "pdq"]
    says(
        post(hma, params={"types": "pdq,zzz"}),
        400,
        "signal type 'zzz' doesn't exist or is disabled",
    )
    says(
        post(hma, params={"types": "video_md5"}), 400, "signal type 'video_md5' doesn't exist or is disabled"
    )
    says(post(hma, params={"types": ""}), 400, "empty signal type selection")


def test_a_picture_that_is_too_plain_has_an_empty_hash_and_says_why(hma: TestClient) -> None:
    answer = post(hma, PLAIN)
    assert answer.status_code == 200 and answer.json() == {"pdq": "", **digests(PLAIN)}
    assert (answer.headers["holdfast-outcome"], answer.headers["holdfast-reason"]) == (
        "not_matchable",
        "featureless",
    )


@pytest.mark.parametrize("data", [b"", b"no picture", PHOTO[:200]], ids=["empty", "text", "cut"])
def test_bytes_that_cannot_be_decoded(hma: TestClient, data: bytes) -> None:
    answer = post(hma, data)
    assert answer.status_code == 400 and answer.json()["message"].startswith("Failed to hash photo: ")
    assert answer.headers["holdfast-outcome"] == "not_matchable" and answer.headers["holdfast-reason"]
    assert post(hma, data, params={"types": "md5"}).json() == {"md5": hashlib.md5(data).hexdigest()}


def test_errors_of_uploads(hma: TestClient) -> None:
    says(hma.post("/h/hash"), 400, "Missing multipart/form-data file upload")
    says(hma.post("/h/hash", data={"photo": "x"}), 400, "Missing multipart/form-data file upload")
    says(post(hma, field="file"), 400, "no such content_type: 'file'")
    two = [("photo", ("a", PHOTO)), ("video", ("b", PHOTO))]
    says(hma.post("/h/hash", files=two), 400, "Only one file allowed per request")
    says(post(hma, bytes(MOST_BYTES + 1)), 413, "Content too large")
    says(post(hma, bytes(MOST_BYTES + 2_000_000)), 413, "Content too large")


def test_by_url(hma: TestClient, web: Web) -> None:
    hashes = hma.get("/h/hash", params={"url": serve(web)}).json()
    assert hashes == post(hma).json()
    film = serve(web, b"film", "video/mp4; charset=x")
    assert hma.get("/h/hash", params={"url": film}).json()["video_md5"] == hashlib.md5(b"film").hexdigest()
    asked = {"url": serve(web, PHOTO, "application/octet-stream"), "content_type": "photo", "types": "sha1"}
    assert hma.get("/h/hash", params=asked).json() == {"sha1": digests(PHOTO)["sha1"]}


def test_errors_of_urls(hma: TestClient, web: Web) -> None:
    def ask(url: str, **more: str) -> Any:
        return hma.get("/h/hash", params={"url": url, **more})

    missing = hma.get("/h/hash")
    assert missing.status_code == 422 and missing.json()[0]["loc"] == ["url"]
    unsupported = (
        "unsupported url ContentType: 'text/html', if you know the expected type, provide it with the "
        "content_type query param"
    )
    says(ask(serve(web, b"<p>", "text/html")), 400, unsupported)
    says(ask(serve(web), content_type="zzz"), 400, "no such content_type: 'zzz'")
    says(ask(serve(web), types="zzz"), 400, "signal type 'zzz' doesn't exist or is disabled")
    says(ask(serve(web), types=","), 400, "empty signal type selection")
    says(ask(serve(web, bytes(MOST_BYTES + 1))), 413, "Content too large")
    web.answers["/gone"] = body(b"", status="404 Not Found")
    gone = ask(f"http://127.0.0.1:{web.port}/gone")
    assert gone.status_code == 400
    assert gone.json()["message"] == (
        "Failed to fetch URL: 127.0.0.1 answered with status 404. Nothing was fetched."
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/a",
        "http://localhost/a",
        "http://169.254.169.254/latest/meta-data",
        "https://example.org/a.jpg",
        "ftp://127.0.0.1/a",
        "file:///etc/passwd",
        "http://user@127.0.0.1/a",
        "nothing",
    ],
)
def test_urls_that_are_not_fetched(hma: TestClient, url: str) -> None:
    says(hma.get("/h/hash", params={"url": url}), 400, "Invalid or unsafe URL provided")


def test_a_key_of_the_upload_code_makes_no_hashes(client: ClientFactory) -> None:
    from holdfast.access.roles import Role

    uploader = client(Role.UPLOADER)
    assert post(uploader).status_code == 403 and list(post(uploader).json()) == ["message"]
