"""`holdfast bench video --scale N`: time, memory and loss of recall in a bank of N frames.

The strangers are made up: videos of one to ten minutes, cut into shots of 2 to 10 seconds. A shot's code is
drawn at random, or is a real one of the corpus with an eighth of its bits changed, so that the regular ones
among real codes have their likes; its frames differ from it by some 16 bits.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from holdfast.bench.machine import describe_machine
from holdfast.bench.video.cases import case_query, prepared
from holdfast.bench.video.corpus import Listed, named_parts, named_sources, read_corpus
from holdfast.bench.video.edits import EDITS
from holdfast.bench.video.run import Plan, chosen_clips, hosts_of
from holdfast.matching.video.bank import VideoBank
from holdfast.matching.video.compare import compare
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.search import search

__all__ = ["run_scale", "strangers"]

Row = dict[str, Any]
_FIRST_STRANGER = 1_000_000
_QUERY_FRAMES = 60  # half a minute
_MEASURED = (
    "reenc_low", "letterbox", "memebar", "crop20", "crop20corner", "crop30", "rot5", "persp", "camcord",
    "compil", "pip50", "combo", "screenrec", "emoji",
)  # fmt: skip


def strangers(
    frames: int, real: npt.NDArray[np.uint8], seed: int = 5
) -> Iterator[tuple[int, npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.float32]]]:
    """Made-up videos, ``frames`` frames of one second in all: (id, codes, quality, times)."""
    rng = np.random.default_rng(seed)
    number = made = 0
    while made < frames:
        count = min(int(rng.integers(60, 601)), frames - made)
        lengths = rng.integers(2, 11, count // 2 + 1)
        shots = np.repeat(np.arange(len(lengths)), lengths)[:count]
        bases = rng.integers(0, 2**64, (len(lengths), 4), dtype=np.uint64)
        copied = rng.random(len(lengths)) < 0.5
        drawn = real[rng.integers(0, len(real), len(lengths))].view(np.uint64)
        bases = np.where(copied[:, np.newaxis], drawn ^ _sparse(rng, (len(lengths), 4), 3), bases)
        codes = bases[shots] ^ _sparse(rng, (count, 4), 4)
        quality = np.full(count, 90, np.uint8)
        yield _FIRST_STRANGER + number, codes.view(np.uint8), quality, np.arange(count, dtype=np.float32)
        number, made = number + 1, made + count


def _sparse(rng: np.random.Generator, shape: tuple[int, ...], thinned: int) -> npt.NDArray[np.uint64]:
    """Random words in which one bit in 2 ** ``thinned`` is set."""
    words = rng.integers(0, 2**64, shape, dtype=np.uint64)
    for _ in range(thinned - 1):
        words &= rng.integers(0, 2**64, shape, dtype=np.uint64)
    return words


def run_scale(
    plan: Plan, frames: int, *, as_json: bool, advance: Callable[[int, int, str], None] = lambda *_: None
) -> list[Row]:
    """Measures and prints."""
    files = read_corpus(plan.folders, named_sources(plan.sources), named_parts(plan.sources))
    queries = list(_queries(plan, files, advance))
    real = np.concatenate([file.video.codes for file in files])
    own = [
        (number, file.video.codes, file.video.quality, file.video.time_s) for number, file in enumerate(files)
    ]
    started = time.perf_counter()
    bank = VideoBank.of(chain(own, strangers(frames, real)))
    rows: list[Row] = [{"machine": describe_machine()}]
    rows.append({
        "measure": "bank", "frames": bank.frames, "videos": len(bank),
        "build s": round(time.perf_counter() - started, 1),
        "bytes a frame": round(37 + 4 + bank.index.stats()["bytes_per_entry"]),
    })  # fmt: skip
    rows.append({"measure": "half a minute of strangers, processor s"} | _timed(_unknown(queries), bank))
    rows.append({"measure": "edited copies, processor s"} | _timed([query for _, query in queries], bank))
    rows.append({"measure": "edited copies, found"} | _recall(queries, bank))
    rows.append({"measure": "peak memory of this process, MB", "all": _peak_mb()})
    for row in rows:
        head = row.get("measure", "machine")
        rest = "  ".join(f"{key} {value}" for key, value in row.items() if key != "measure")
        sys.stdout.write((json.dumps(row) if as_json else f"{head:<40}{rest}") + "\n")
    return rows


def _queries(
    plan: Plan, files: Sequence[Listed], advance: Callable[[int, int, str], None]
) -> Iterator[tuple[int, VideoQuery]]:
    """(number of its own file, query) of each edited clip."""
    clips = chosen_clips(prepared(files), plan)
    edits = [edit for edit in EDITS if edit.name in (plan.edits or _MEASURED)]
    numbers = {file.path: number for number, file in enumerate(files)}
    for place, (own, clip) in enumerate(clips):
        advance(place, len(clips), own.listed.name)
        for edit in edits:
            hosts = hosts_of(own.listed, edit, clips)
            for query in case_query(edit, own, clip, hosts, plan.work):
                yield numbers[own.listed.path], query


def _unknown(queries: Sequence[tuple[int, VideoQuery]]) -> list[VideoQuery]:
    """Half a minute each, of codes like those of real queries and like nothing that is listed."""
    rng = np.random.default_rng(3)
    out = []
    for _, query in queries[:: max(1, len(queries) // 8)][:8]:
        rows = np.arange(_QUERY_FRAMES) % len(query)
        codes = query.codes[:, rows].view(np.uint64)
        shots = np.arange(_QUERY_FRAMES) // 6
        changed = codes ^ _sparse(rng, (len(codes), shots[-1] + 1, 4), 1)[:, shots]
        out.append(
            VideoQuery.of(
                np.ascontiguousarray(changed).view(np.uint8),
                query.quality[:, rows],
                np.arange(0.0, _QUERY_FRAMES / 2, 0.5),
                step_s=0.5,
                families=query.families,
                words=query.words,
            )
        )
    return out


def _timed(queries: Sequence[VideoQuery], bank: VideoBank) -> Row:
    times, false = [], 0
    for query in queries:
        started = time.process_time()
        found = search(query, bank)
        times.append(time.process_time() - started)
        false += any(one.video_id >= _FIRST_STRANGER and one.match.tier is VideoTier.MATCH for one in found)
    return {
        "queries": len(times), "median": round(float(np.median(times)), 2),
        "most": round(max(times, default=0.0), 2), "with a made-up video as match": false,
    }  # fmt: skip


def _recall(queries: Sequence[tuple[int, VideoQuery]], bank: VideoBank) -> Row:
    """How many are a match when compared with their own file alone, and how many out of the whole bank."""
    alone = together = 0
    for number, query in queries:
        own = bank.reference(number)
        match = None if own is None else compare(query, own)
        if match is None or match.tier is not VideoTier.MATCH:
            continue
        alone += 1
        together += any(
            one.video_id == number and one.match.tier is VideoTier.MATCH for one in search(query, bank)
        )
    return {"compared alone": alone, "in the bank": together, "of": len(queries)}


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
