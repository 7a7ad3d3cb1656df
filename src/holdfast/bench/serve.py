"""`holdfast bench serve`: how much a service on this machine does a second, how fast, and what it costs.

One server command with its defaults, a list of a million entries, pictures of which no two are the same and
one in a hundred is known. A running Holdfast or a running HMA can be asked the same. The bare decoding of
the same files is measured in the same minutes, because a ratio says more than a number of this machine.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg

from holdfast.bench.apart import apart
from holdfast.bench.machine import describe_machine
from holdfast.bench.serve_home import Prepared, prepare
from holdfast.bench.serve_load import Load, Request, Target, closed_loop, open_loop
from holdfast.bench.serve_pictures import make_pictures
from holdfast.bench.serve_processes import Tree
from holdfast.bench.serve_requests import Asked, HmaRequests, HoldfastRequests
from holdfast.bench.serve_start import start_server, target_of

__all__ = ["Plan", "run"]

WARM_UP = 40
DECODED = 60
HMA_UPLOADS_PER_S, HMA_LOOK_UPS_PER_S = 11, 80
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much: every load ends after ``most`` requests or ``most_s`` seconds, whichever is first."""

    entries: int = 1_000_000
    files: int = 1_000
    most: int = 3_000
    most_s: float = 20.0
    connections: int = 8
    batch: int = 1_000
    matching: str = "calibrated"


def run(
    plan: Plan,
    *,
    folder: Path | None,
    url: str | None = None,
    hma: str | None = None,
    pid: int | None = None,
    as_json: bool = False,
) -> list[Row]:
    """Measures, prints each row as it is known, and returns all.

    ``folder`` keeps what was prepared (see `serve_home`); without it all of it is thrown away. ``url`` is a
    Holdfast that serves FOLDER/home already, ``hma`` a running HMA; ``pid`` is then the process whose
    processor time and memory, with those below it, are counted. Raises UsageError for any address that is
    not on this machine's loopback interface, and HoldfastError where the server cannot be started.
    """
    rows: list[Row] = []

    def tell(row: Row) -> None:
        rows.append(row)
        _print(row, as_json)

    with ExitStack() as opened:
        opened.enter_context(apart())
        if folder is None:
            folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="holdfast-bench-")))
        tell({"measure": "machine", "value": describe_machine()})
        if hma is not None:
            pictures = make_pictures(folder / "pictures", plan.files)
            asked: Asked = HmaRequests(target_of(hma), pictures)
            _measure(plan, target_of(hma), asked, pictures, None if pid is None else Tree(pid), None, tell)
            return rows
        prepared = prepare(folder, entries=plan.entries, files=plan.files, matching=plan.matching, tell=_note)
        if url is None:
            server = opened.enter_context(start_server(prepared.home))
            tell(_row("time from start to ready", server.ready_s, "s", 3.0))
            url, pid = server.url, server.pid
        asked = _asked(target_of(url), prepared)
        tree = None if pid is None else Tree(pid)
        _measure(plan, target_of(url), asked, prepared.pictures, tree, prepared.home, tell)
    return rows


def _asked(target: Target, prepared: Prepared) -> HoldfastRequests:
    return HoldfastRequests(target, prepared.pictures, prepared.upload_key, prepared.look_up_key)


def _measure(
    plan: Plan,
    target: Target,
    asked: Asked,
    pictures: Sequence[Path],
    tree: Tree | None,
    home: Path | None,
    tell: Callable[[Row], None],
) -> None:
    def closed(requests: Iterator[Request], connections: int = plan.connections) -> Load:
        return _loop(
            closed_loop(target, requests, connections=connections, most=plan.most, most_s=plan.most_s)
        )

    uploads, look_ups = asked.uploads(), asked.look_ups()
    _loop(closed_loop(target, uploads, connections=2, most=WARM_UP, most_s=plan.most_s))
    _note("uploads, as many as it takes")
    decode_s = _decode_s(pictures)
    load, server_s, client_s = _costs(tree, lambda: closed(uploads))
    decode_s = min(decode_s, _decode_s(pictures))
    for row in _upload_rows(load, server_s, client_s, decode_s):
        tell(row)
    upload_per_s = load.per_s
    _note("single look-ups, as many as it takes")
    load, _, client_s = _costs(tree, lambda: closed(look_ups))
    tell(_row("single look-ups", load.per_s, "1/s", 15 * HMA_LOOK_UPS_PER_S, more=True, load=load))
    look_up_per_s = load.per_s
    batches = asked.batches(plan.batch)
    if batches is not None:
        _note(f"batches of {plan.batch:,} hashes")
        load = closed(batches, 2)
        tell(_row("hashes in batches", load.per_s * plan.batch, "1/s", 20_000, more=True, load=load))
    for name, requests, per_s in (("upload", uploads, upload_per_s), ("look-up", look_ups, look_up_per_s)):
        for row in _half_load(plan, target, name, requests, per_s / 2):
            tell(row)
    if tree is not None:
        own, mapped = tree.memory_bytes(None if home is None else home / "index")
        tell(_row("memory of all processes, without mapped segments", own / 1e6, "MB", 700.0))
        tell(_row("mapped segments in memory", mapped / 1e6, "MB"))


def _upload_rows(load: Load, server_s: float | None, client_s: float, decode_s: float) -> Iterator[Row]:
    yield _row("uploads", load.per_s, "1/s", 8 * HMA_UPLOADS_PER_S, more=True, load=load)
    yield _row("bare luma decode of the same files, processor", decode_s * 1000, "ms")
    done = max(load.answered, 1)
    if server_s is not None:
        yield _row("server's processor time an upload", server_s / done * 1000, "ms")
        yield _row("the same over the bare decode", server_s / done / decode_s, "times", 1.7)
    yield _row("client's processor time an upload", client_s / done * 1000, "ms")


def _half_load(
    plan: Plan, target: Target, name: str, requests: Iterator[Request], per_s: float
) -> Iterator[Row]:
    if per_s <= 0:
        return
    _note(f"{name}s that arrive at half that rate, {per_s:.0f}/s")
    load = _loop(
        open_loop(
            target,
            requests,
            per_s=per_s,
            connections=8 * plan.connections,
            most=plan.most,
            most_s=plan.most_s,
        )
    )
    p50, p95, p99 = load.percentiles_ms().tolist()
    yield _row(f"{name} at half load, p50", p50, "ms")
    yield _row(f"{name} at half load, p95", p95, "ms")
    yield _row(f"{name} at half load, p99", p99, "ms", 30.0, load=load)


def _costs(tree: Tree | None, work: Callable[[], Load]) -> tuple[Load, float | None, float]:
    """The load, the server's processor seconds during it (None where unknown), and the client's."""
    server_s, client_s = None if tree is None else tree.processor_s(), time.process_time()
    load = work()
    client_s = time.process_time() - client_s
    return load, None if tree is None or server_s is None else tree.processor_s() - server_s, client_s


def _decode_s(pictures: Sequence[Path]) -> float:
    """Median processor seconds of decoding one of the files to luma at its full size, in this process."""
    times = []
    for path in pictures[:DECODED]:
        data = path.read_bytes()
        started = time.process_time()
        simplejpeg.decode_jpeg(data, "GRAY")
        times.append(time.process_time() - started)
    return float(np.median(times))


def _loop(work: Coroutine[Any, Any, Load]) -> Load:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _row(
    measure: str,
    value: float,
    unit: str,
    target: float | None = None,
    *,
    more: bool = False,
    load: Load | None = None,
) -> Row:
    """``target`` is the most that it should be, or with ``more`` the least."""
    row: Row = {"measure": measure, "value": float(f"{value:.4g}"), "unit": unit}
    if target is not None:
        row |= {
            "target": f"{'>=' if more else '<='} {target:g}",
            "met": value >= target if more else value <= target,
        }
    if load is not None:
        row |= {"requests": sum(load.words.values()), "failed": load.failed, "answers": dict(load.words)}
    return row


def _print(row: Row, as_json: bool) -> None:
    if as_json:
        text = json.dumps(row)
    else:
        value = row["value"] if isinstance(row["value"], str) else f"{row['value']:>9,.6g} {row['unit']:<6}"
        target = f"{row['target']:<10}{'met' if row['met'] else 'NOT MET'}" if "target" in row else ""
        answers = ", ".join(f"{word} {count:,}" for word, count in sorted(row.get("answers", {}).items()))
        text = f"{row['measure']:<50}{value}  {target:<20}{answers}".rstrip()
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _note(text: str) -> None:
    sys.stderr.write(f"... {text}\n")
