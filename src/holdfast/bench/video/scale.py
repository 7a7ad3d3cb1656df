"""`holdfast bench video --scale N`: time, memory and loss of recall in a bank of N frames.

The bank lies in files, as in service. It holds all files of the corpus and made-up videos (`strangers`),
whose codes are taken after files of the parts that are not asked about. Times: processor time of one thread.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.bench.machine import describe_machine
from holdfast.bench.video.cases import Prepared, case_data, prepared
from holdfast.bench.video.clips import Clip, encoded, read_clip
from holdfast.bench.video.corpus import Listed, named_parts, named_sources, read_corpus, scene_sources
from holdfast.bench.video.edits import EDITS, edited
from holdfast.bench.video.queries import query_of, views_of
from holdfast.bench.video.run import Plan, chosen_clips, hosts_of
from holdfast.bench.video.scale_recall import copy_in_bank, recall_in_bank
from holdfast.bench.video.strangers import FIRST_STRANGER, lengths, strangers
from holdfast.matching.video.bank import VideoBank
from holdfast.matching.video.candidates import SearchPlan, far_candidates, near_candidates
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.search import search
from holdfast.matching.video.stored import open_bank, write_bank

__all__ = ["run_scale"]

Row = dict[str, Any]
Advance = Callable[[int, int, str], None]
HALF_MINUTE_S = 30.0
LEAST_S = 25.0  # what is shorter is not asked about as half a minute
_MEASURED = (
    "reenc_low", "letterbox", "memebar", "crop20", "crop20corner", "crop30", "rot5", "persp", "camcord",
    "compil", "pip50", "combo", "screenrec", "emoji",
)  # fmt: skip
_HALF_MINUTES = ("letterbox", "crop20", "pip50")  # with many views, few, and two videos in one


def run_scale(plan: Plan, frames: int, *, as_json: bool, advance: Advance = lambda *_: None) -> list[Row]:
    """Measures and prints."""
    files = read_corpus(plan.folders, named_sources(plan.sources), named_parts(plan.sources))
    clips = chosen_clips(prepared(files), plan)
    halves = list(_half_minutes(plan, files, advance))
    rows: list[Row] = [{"machine": describe_machine()}]
    with _folder(plan) as folder:
        started = time.thread_time()
        _build(folder, plan, files, frames)
        built_s, before_mb = time.thread_time() - started, _own_mb()
        bank = open_bank(*_paths(folder))
        rows.append({
            "measure": "bank", "frames": bank.frames, "videos": len(bank),
            "build s": round(built_s, 1), "its own memory, MB": round(_own_mb() - before_mb, 1),
            "bytes a frame in files": round(sum(path.stat().st_size for path in folder.iterdir()) / frames),
        })  # fmt: skip
        copies = _copies(plan, clips, files, advance)  # one by one: all their views together fill the memory
        first = next(copies)
        copy_in_bank(*first, bank)  # loads kernels
        if halves:  # files may be too short
            listed = [_timed(query, bank) for _, query in halves]
            rows.append({"measure": "half a minute of a listed video, processor s"} | _summary(listed))
            unlisted = [_timed_without(own, files, query, bank) for own, query in halves]
            rows.append({"measure": "half a minute of no listed video, processor s"} | _summary(unlisted))
        rows.append({"measure": "edited copies"} | recall_in_bank(chain([first], copies), bank))
    for row in rows:
        head = row.get("measure", "machine")
        rest = "  ".join(f"{key} {value}" for key, value in row.items() if key != "measure")
        sys.stdout.write((json.dumps(row) if as_json else f"{head:<50}{rest}") + "\n")
    return rows


@contextmanager
def _folder(plan: Plan) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=plan.work) as name:
        yield Path(name)


def _paths(folder: Path) -> tuple[Path, Path]:
    return folder / "frames.hfx", folder / "index.hfx"


def _build(folder: Path, plan: Plan, files: Sequence[Listed], frames: int) -> None:
    others = [file for file in files if file.part != plan.part] or files
    counts, real = lengths(frames), np.concatenate([file.video.codes for file in others])
    own = (_as_listed(number, files) for number in range(len(files)))
    all_frames = sum(len(file.video) for file in files) + frames
    all_videos = len(files) + len(counts)
    write_bank(*_paths(folder), chain(own, strangers(counts, real)), all_videos, all_frames)


def _as_listed(number: int, files: Sequence[Listed]) -> tuple[int, Any, Any, Any]:
    video = files[number].video
    return number, video.codes, video.quality, video.time_s


def _copies(
    plan: Plan, clips: Sequence[tuple[Prepared, Clip]], files: Sequence[Listed], advance: Advance
) -> Iterator[tuple[list[int], bytes]]:
    """(numbers of its own file and those of its source, the file) of each edited clip."""
    edits = [edit for edit in EDITS if edit.name in (plan.edits or _MEASURED)]
    scenes = scene_sources(plan.sources)
    for place, (own, clip) in enumerate(clips):
        advance(place, len(clips), own.listed.name)
        same = [number for number, file in enumerate(files) if file.source == own.listed.source]
        number = next(number for number in same if files[number].path == own.listed.path)
        others = [] if own.listed.source in scenes else [other for other in same if other != number]
        for edit in edits:
            hosts = hosts_of(own.listed, edit, clips)
            yield [number, *others], case_data(edit, own, clip, hosts, plan.work)


def _half_minutes(plan: Plan, files: Sequence[Listed], advance: Advance) -> Iterator[tuple[int, VideoQuery]]:
    """(number of its own file, query): the first half minute of a file of each source, edited."""
    asked = ((number, file) for number, file in enumerate(files) if file.part == plan.part)
    longest = {file.source: number for number, file in asked if file.duration_s >= LEAST_S}
    clips = {number: read_clip(files[number].path, HALF_MINUTE_S) for number in longest.values()}
    for number, clip in clips.items():
        advance(number, len(files), f"{files[number].name}: half a minute")
        hosts = [other for where, other in clips.items() if where != number][:2]
        for edit in (edit for edit in EDITS if edit.name in _HALF_MINUTES and len(hosts) == 2):
            made = encoded(edited(edit, clip, files[number].name, hosts))
            for views in islice(views_of(made), 1):
                yield number, query_of(views)


def _timed(query: VideoQuery, bank: VideoBank) -> Row:
    """Processor time of a search, and of its two passes alone."""
    plan, times = SearchPlan(), [time.thread_time()]
    found = search(query, bank)
    times.append(time.thread_time())
    near_candidates(query, bank, plan)
    times.append(time.thread_time())
    far_candidates(query, bank, plan)
    times.append(time.thread_time())
    whole, near, far = np.diff(times).tolist()
    made_up = [one.match.tier for one in found if one.video_id >= FIRST_STRANGER]
    return {"whole": whole, "near": near, "far": far, "false": VideoTier.MATCH in made_up}


def _timed_without(own: int, files: Sequence[Listed], query: VideoQuery, bank: VideoBank) -> Row:
    """The same while no file of the query's source is listed."""
    gone = [number for number, file in enumerate(files) if file.source == files[own].source]
    for number in gone:
        bank.remove(number)
    row = _timed(query, bank)
    for number in gone:
        bank.add(*_as_listed(number, files))
    return row


def _summary(timed: Sequence[Row]) -> Row:
    def middle(name: str) -> float:
        return round(float(np.median([row[name] for row in timed])), 2)

    return {
        "queries": len(timed), "median": middle("whole"), "near": middle("near"), "far": middle("far"),
        "most": round(max(row["whole"] for row in timed), 2),
        "with a made-up video as match": sum(row["false"] for row in timed),
    }  # fmt: skip


def _own_mb() -> float:
    """Memory of this process that no file stands behind."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("RssAnon"))) / 1024
