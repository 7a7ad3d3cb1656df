"""The load on the service: it reaches nothing but this machine, counts what it says, and ends in time."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from holdfast.bench import serve
from holdfast.bench.serve_load import Request, Target, closed_loop, open_loop
from holdfast.bench.serve_pictures import SIZE, make_pictures
from holdfast.bench.serve_processes import Tree
from holdfast.bench.serve_start import target_of
from holdfast.errors import UsageError
from tests.client.scripted import answer, scripted


@pytest.mark.parametrize(
    "url",
    [
        "http://holdfast.example.org",
        "http://192.0.2.1:8600",
        "http://localhost:8600",
        "http://127.0.0.1.example.org",
        "http://0.0.0.0:8600",
        "http://[::]:8600",
        "https://127.0.0.1",
        "127.0.0.1:8600",
        "http://127.0.0.1:99999",
        "",
    ],
)
def test_no_other_machine_gets_any_load(url: str) -> None:
    with pytest.raises(UsageError, match="Nothing was sent"):
        target_of(url)


def test_addresses_of_this_machine() -> None:
    assert target_of("http://127.0.0.1:8600") == Target("127.0.0.1", 8600)
    assert target_of("http://[::1]:5000/") == Target("::1", 5000)


def slow(pause_s: float, status: int = 200) -> Callable[[BaseHTTPRequestHandler], None]:
    """Takes its time over a request, and answers in pieces."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(pause_s)
        for piece in (f"HTTP/1.1 {status} X\r\nContent-Le".encode(), b"ngth: 2\r\n\r\n{", b"}"):
            handler.wfile.write(piece)

    return act


def requests() -> Iterator[Request]:
    def word(status: int, body: bytes) -> str:
        assert body == b"{}"
        return "fine" if status == 200 else f"status {status}"

    return itertools.repeat(Request((b"GET / HTTP/1.1\r\n", b"Host: x\r\n\r\n"), word))


def test_a_closed_loop_waits_for_each_answer() -> None:
    with scripted(*[slow(0.02)] * 100) as script:
        load = closed_loop(target_of(script.url), requests(), connections=2, most=20, most_s=600)
        came = asyncio.run(load)
    assert (came.words["fine"], came.answered, came.failed) == (20, 20, 0)
    assert came.per_s <= 2 / 0.02
    assert came.percentiles_ms()[0] >= 20


def test_a_load_ends_with_its_time() -> None:
    for most_s in (0.2, 2, 20):  # long enough for one answer at least
        with scripted(*[slow(0.02)] * 20_000) as script:
            load = closed_loop(target_of(script.url), requests(), connections=2, most=10**6, most_s=most_s)
            came = asyncio.run(load)
        assert came.seconds < most_s + 60  # by its number it would take hours
        if came.answered:
            return
    pytest.fail("no request was answered")


def test_an_open_loop_counts_the_time_in_the_queue() -> None:
    """One connection, answers that take 50 ms, arrivals each 10 ms: the last waits for all before it."""
    with scripted(*[slow(0.05)] * 100) as script:
        load = open_loop(target_of(script.url), requests(), per_s=100, connections=1, most=20, most_s=600)
        came = asyncio.run(load)
    assert came.answered == 20
    assert came.percentiles_ms()[2] >= 500


def test_failures_are_told_apart() -> None:
    with scripted(*[slow(0, 503)] * 100) as script:
        load = closed_loop(target_of(script.url), requests(), connections=1, most=5, most_s=600)
        came = asyncio.run(load)
    assert (came.failed, came.answered, came.per_s) == (5, 0, 0)
    assert came.words == {"status 503": 5}


def test_a_tree_of_processes_is_counted() -> None:
    child = "import time; t = time.process_time()\nwhile time.process_time() - t < 0.3: pass\n"
    parent = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r} + 'time.sleep(600)'])\n"
        "input()\nchild.kill()\nchild.wait()"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE) as process:
        tree = Tree(process.pid)
        until_s = time.monotonic() + 300
        while tree.processor_s() < 0.3 and time.monotonic() < until_s:
            time.sleep(0.05)
        assert 0.3 <= tree.processor_s() < 3
        own, mapped = tree.memory_bytes(Path("/usr"))
        everything, none = tree.memory_bytes()
        assert own + mapped == pytest.approx(everything, rel=0.2)
        assert everything > 5_000_000
        assert none == 0
        process.communicate(b"\n")


def test_pictures_are_distinct_and_made_once(tmp_path: Path) -> None:
    paths = make_pictures(tmp_path, 3)
    contents = [path.read_bytes() for path in paths]
    assert len(set(contents)) == 3
    assert all(250_000 < len(content) < 500_000 for content in contents)
    made = [path.stat().st_mtime_ns for path in paths]
    assert make_pictures(tmp_path, 3) == paths
    assert [path.stat().st_mtime_ns for path in paths] == made
    from PIL import Image

    with Image.open(paths[0]) as picture:
        assert picture.size == SIZE


def test_the_whole_benchmark_small(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = serve.Plan(entries=2_000, files=5, most=60, most_s=100, connections=2, batch=50)
    rows = serve.run(plan, folder=tmp_path / "bench", as_json=True)
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == rows
    by_name = {row["measure"]: row for row in rows}
    uploads = by_name["uploads"]
    assert uploads["failed"] == 0
    assert set(uploads["answers"]) == {"match", "no_match"}
    # One picture of the five is known, and each is sent in turn.
    assert uploads["answers"]["match"] * 5 == pytest.approx(uploads["requests"], abs=5)
    assert by_name["single look-ups"]["answers"] == {"looked up": by_name["single look-ups"]["requests"]}
    for measure in (
        "time from start to ready",
        "bare luma decode of the same files, processor",
        "server's processor time an upload",
        "client's processor time an upload",
        "hashes in batches",
        "upload at half load, p99",
        "look-up at half load, p99",
        "memory of all processes, without mapped segments",
    ):
        assert by_name[measure]["value"] > 0, measure
    assert by_name["the same over the bare decode"]["target"] == "<= 1.7"
    with pytest.raises(UsageError, match="2000 entries"):
        serve.run(serve.Plan(entries=3_000, files=5), folder=tmp_path / "bench")


def test_hma_is_asked_by_its_own_calls(tmp_path: Path) -> None:
    plan = serve.Plan(files=3, most=20, most_s=100, connections=2)
    with scripted(*[answer(200, b'{"pdq": {}}')] * 1000) as script:
        rows = serve.run(plan, folder=tmp_path, hma=script.url, as_json=True)
    by_name = {row["measure"]: row for row in rows}
    assert by_name["uploads"]["answers"] == {"no_match": 20}
    assert by_name["single look-ups"]["requests"] == 20
    assert "hashes in batches" not in by_name, "it has no call for them"
    assert "server's processor time an upload" not in by_name, "nobody said which process it is"
    posted = [one for one in script.came if one.body]
    assert {one.path for one in posted} == {"/m/lookup"}
    assert b'name="photo"' in posted[0].body
    assert len({one.body for one in posted}) == len(posted), "no two are the same"
    assert {one.path.partition("=")[0] for one in script.came if not one.body} == {"/m/lookup?signal_type"}
