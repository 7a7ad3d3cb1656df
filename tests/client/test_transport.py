"""Over a real connection to a server that behaves badly: what is sent again, what not, for how long."""

from __future__ import annotations

import io
import json
import os
import socket
import threading
import time
from datetime import datetime
from pathlib import Path

import pytest

from holdfast.client import (
    AsyncClient,
    Client,
    Context,
    NoAnswerError,
    Outcome,
    OverLimitError,
    RefusedError,
    UnexpectedAnswerError,
)
from tests.client.conftest import Ask
from tests.client.scripted import answer, drop, scripted, stay_silent, trickle
from tests.client.test_decoding import ANSWER

FINE = answer(200, json.dumps(ANSWER).encode())
BUSY = answer(503, b"{}", retry_after="0")


def test_a_broken_connection_is_tried_again_with_the_whole_file(ask: Ask, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(700_000))
    file = io.BytesIO(b"head" + path.read_bytes())
    file.seek(4)
    for content in (path, path.read_bytes(), file):
        with scripted(drop, BUSY, FINE) as script:
            assert ask(url=script.url).screen(content).outcome is Outcome.NO_MATCH
        assert [one.body for one in script.came] == [path.read_bytes()] * 3
        assert len({one.headers["idempotency-key"] for one in script.came}) == 1
        assert script.came[0].headers["content-length"] == "700000"


def test_a_pipe_is_not_sent_again(ask: Ask) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"content")
    os.close(writing)
    with scripted(drop, FINE) as script, os.fdopen(reading, "rb") as pipe, pytest.raises(NoAnswerError):
        ask(url=script.url).screen(pipe)
    assert [one.body for one in script.came] == [b"content"]


def test_nobody_there(ask: Ask) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(NoAnswerError, match="hold it back"):
            ask(url=url, deadline_s=0.7).screen(b"x")
        assert time.monotonic() - started < 30


def test_a_server_that_is_silent_or_trickles_does_not_hold_anybody_up(ask: Ask) -> None:
    for act in (stay_silent, trickle):
        with scripted(act, act) as script:
            started = time.monotonic()
            with pytest.raises(NoAnswerError):
                ask(url=script.url, timeout_s=0.4, deadline_s=0.5).screen(b"x")
            assert time.monotonic() - started < 30, act.__name__


def test_an_upload_that_nobody_takes_ends_in_time(ask: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(NoAnswerError):
            ask(url=url, timeout_s=0.5, deadline_s=0.6).screen(b"x" * 50_000_000)
        assert time.monotonic() - started < 30


def test_over_the_limit_for_long_is_told(ask: Ask) -> None:
    with scripted(answer(429, b"{}", retry_after="900")) as script, pytest.raises(OverLimitError) as refused:
        ask(url=script.url).screen(b"x")
    assert refused.value.retry_after_s == 900


def test_a_redirect_is_not_followed(ask: Ask) -> None:
    """The key would go along."""
    with scripted(FINE) as other:
        with scripted(answer(307, location=other.url)) as script, pytest.raises(RefusedError):
            ask(url=script.url).screen(b"x")
        assert other.came == []


def test_a_proxy_in_the_environment_is_not_used(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with scripted(FINE) as script:
        assert ask(url=script.url).screen(b"x").may_publish


def test_a_page_instead_of_an_answer(ask: Ask) -> None:
    with scripted(answer(200, b"<html>")) as script, pytest.raises(UnexpectedAnswerError):
        ask(url=script.url).screen(b"x")


def test_a_base_path_and_names_with_odd_characters(ask: Ask) -> None:
    with scripted(answer(200, b'{"entries_deleted": 3, "list_version": 9}')) as script:
        assert ask(url=f"{script.url}/under/").delete_bank("a/b ä?").entries_deleted == 3
    assert script.came[0].path == "/under/v1/banks/a%2Fb%20%C3%A4%3F"


def test_the_context_goes_along_in_ascii(ask: Ask) -> None:
    with scripted(FINE) as script:
        ask(url=script.url).screen(b"x", Context(account="žofie", urls=("https://e.example/1",)))
    said = script.came[0].headers["holdfast-context"]
    assert said.isascii()
    assert json.loads(said) == {"account": "žofie", "surface": "unknown", "urls": ["https://e.example/1"]}


def test_many_threads_share_one_client() -> None:
    with scripted(*[FINE] * 40) as script, Client(script.url, "") as client:
        threads = [threading.Thread(target=lambda: [client.screen(b"x") for _ in range(5)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(script.came) == 40
    assert len({one.headers["idempotency-key"] for one in script.came}) == 40


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("url", "key", "options"),
    [
        ("holdfast.example.org", "k", {}),
        ("ftp://holdfast.example.org", "k", {}),
        ("https://", "k", {}),
        ("https://user:secret@holdfast.example.org", "k", {}),
        ("https://holdfast.example.org/?key=1", "k", {}),
        ("http://holdfast.example.org", "k", {}),
        ("http://127.0.0.1.example.org", "k", {}),
        ("https://holdfast.example.org", "k\n", {}),
        ("https://holdfast.example.org", "kä", {}),
        ("https://holdfast.example.org", "k", {"timeout_s": 0}),
        ("https://holdfast.example.org", "k", {"deadline_s": -1}),
    ],
)
def test_what_cannot_be_right_is_refused_at_once(
    kind: type[Client], url: str, key: str, options: dict[str, float]
) -> None:
    with pytest.raises(ValueError):
        kind(url, key, **options)  # type: ignore[arg-type]


def test_addresses_that_are_fine() -> None:
    for url in ("http://127.0.0.1:8600", "http://[::1]:8600/", "http://localhost", "https://h.example/base"):
        Client(url, "k").close()
    Client("http://holdfast.internal:8600", "k", allow_http=True).close()


def test_the_key_is_in_no_text_of_ours() -> None:
    with Client("https://holdfast.example.org", "hf_secret") as client:
        assert "hf_secret" not in repr(client)
        assert "hf_secret" not in repr(vars(client)["_connection"])


def test_what_cannot_be_sent_is_an_error_before_anything_is_sent(ask: Ask, tmp_path: Path) -> None:
    with scripted() as script:
        client = ask(url=script.url)
        with pytest.raises(FileNotFoundError):
            client.screen(tmp_path / "absent")
        with pytest.raises(TypeError, match="not int"):
            client.screen(7)
        with pytest.raises(TypeError, match="binary"):
            client.screen(io.StringIO("text"))
    assert script.came == []


def test_an_upload_time_needs_its_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        Context(uploaded_at=datetime(2026, 1, 1))  # noqa: DTZ001
