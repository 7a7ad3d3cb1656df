"""`holdfast bench video`: how many edited copies of clips are found, and what else is called a match.

Sources are split by a digest of their names into a tuning and a measured part. Only clips of the wanted part
are edited and counted; all files of both parts are listed, so that strangers are as many as there can be.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

import av
import numpy as np

from holdfast.bench.machine import describe_machine
from holdfast.bench.video.asked import Peers, Said, peer_rules, said_of_strangers
from holdfast.bench.video.cases import Case, Pair, Prepared, case_of, prepared, scene_pairs
from holdfast.bench.video.clips import Clip, read_clip
from holdfast.bench.video.corpus import Listed, named_parts, named_sources, read_corpus, scene_sources
from holdfast.bench.video.edits import CORE_EDITS, EDITS, MORE_EDITS, VideoEdit
from holdfast.bench.video.intervals import share_by_source
from holdfast.bench.video.localfeatures import LocalFiles, said_of_local
from holdfast.bench.video.moments import moment_pairs
from holdfast.bench.video.page import write_page
from holdfast.bench.video.speed import Speed, measure_speed, speed_in_all
from holdfast.errors import UnreadableError
from holdfast.matching.video.judge import (
    MATCH_DECADES,
    POSSIBLE_DECADES,
    SPECIFIC_DECADES,
    STILL_DECADES,
)

__all__ = ["Plan", "Result", "chosen_clips", "hosts_of", "run"]

Row = dict[str, Any]
Advance = Callable[[int, int, str], None]
_LEAST_SOURCES = 3
_SHOWN_PAIRS = 12
LEAST_EDITED_S = 5.0  # shorter clips are listed, but not edited: there are too few moments in them


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure: of ``part`` (one of `PARTS`) ``clips`` of each source with ``edits`` (all: ())."""

    folders: Sequence[Path]
    sources: Path | None = None
    part: str = "test"
    clips: int = 2
    edits: tuple[str, ...] = ()
    work: Path | None = None
    page: Path | None = None
    speed: bool = True
    peers: bool = False
    keyframe_s: float | None = None
    local: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """All that was measured."""

    files: list[Listed]
    edited: list[Listed]
    cases: list[Case] = field(default_factory=list)
    scene: list[Pair] = field(default_factory=list)
    moments: list[Pair] = field(default_factory=list)
    local_scene: list[tuple[str, str, bool]] = field(default_factory=list)
    speed: list[Speed] = field(default_factory=list)

    def of_edit(self, name: str) -> list[Case]:
        return [case for case in self.cases if case.edit == name]


def run(plan: Plan, *, as_json: bool, advance: Advance = lambda done, total, note: None) -> Result:
    """Measures and prints; writes the page where asked.

    Interrupted, it goes on with the edited clips that it has. Raises `UnreadableError` where the folders hold
    too few videos of the part.
    """
    started = time.perf_counter()
    files = read_corpus(plan.folders, named_sources(plan.sources), named_parts(plan.sources))
    listed = prepared(files)
    chosen = [one for one in listed if one.listed.part == plan.part]
    clips = chosen_clips(listed, plan)
    result = Result(files, [one.listed for one, _ in clips])
    edits = [edit for edit in EDITS if not plan.edits or edit.name in plan.edits]
    peers = Peers() if plan.peers else None
    local = LocalFiles(files) if plan.local else None
    work = [(own, clip, edit) for own, clip in clips for edit in edits]
    Random(1).shuffle(work)  # so that a part of it is a fair sample
    try:
        for own, clip, edit in work:
            advance(len(result.cases), len(work), f"{own.listed.name}: {edit.words}")
            hosts = hosts_of(own.listed, edit, clips)
            case = case_of(
                edit, own, clip, hosts, listed, plan.work, peers, keyframe_s=plan.keyframe_s, local=local
            )
            result.cases.append(case)
    except KeyboardInterrupt:
        sys.stderr.write(f"Stopped after {len(result.cases)} of {len(work)} edited clips.\n")
    scenes = scene_sources(plan.sources)
    for source, members in groupby(
        sorted(chosen, key=lambda one: one.listed.source), key=lambda one: one.listed.source
    ):
        if source in scenes:
            shown = list(members)
            result.scene.extend(scene_pairs(shown))
            if local is not None:
                result.local_scene.extend(local.scene([one.listed for one in shown]))
    result.moments.extend(pair for one in chosen for pair in moment_pairs(one.listed))
    if plan.speed:
        result.speed.extend(measure_speed(files))
    rows = list(_rows(result, plan, time.perf_counter() - started))
    for row in rows:
        sys.stdout.write((json.dumps(row) if as_json else _plain(row)) + "\n")
    if plan.page is not None:
        write_page(plan.page, result.cases, rows)
    return result


def chosen_clips(listed: Sequence[Prepared], plan: Plan) -> list[tuple[Prepared, Clip]]:
    """The clips of the plan's part to be edited. Raises `UnreadableError` where there are too few."""
    chosen = [one for one in listed if one.listed.part == plan.part]
    clips = _clips(chosen, plan.clips)
    if len({one.listed.source for one, _ in clips}) < _LEAST_SOURCES:
        raise UnreadableError(
            f"{len(clips)} videos of the {plan.part} part can be edited, of too few sources. Nothing was "
            f"measured. Name folders with {_LEAST_SOURCES} sources of it or more."
        )
    if plan.work is not None:
        plan.work.mkdir(parents=True, exist_ok=True)
    return clips


def _clips(chosen: Sequence[Prepared], most: int) -> list[tuple[Prepared, Clip]]:
    """Up to ``most`` files of each source, the longest first, that can be edited."""
    out = []
    order = sorted(chosen, key=lambda one: (one.listed.source, -one.listed.duration_s, one.listed.name))
    for _, members in groupby(order, key=lambda one: one.listed.source):
        taken = 0
        for one in members:
            if taken == most:
                break
            if one.listed.duration_s < LEAST_EDITED_S:
                continue
            try:
                out.append((one, read_clip(one.listed.path)))
                taken += 1
            except (av.FFmpegError, ValueError):
                continue
    return out


def hosts_of(
    own: Listed, edit: VideoEdit, clips: Sequence[tuple[Prepared, Clip]]
) -> list[tuple[Listed, Clip]]:
    """Two clips of other sources, drawn for this clip and edit."""
    others = [(one.listed, clip) for one, clip in clips if one.listed.source != own.source]
    return Random(f"{own.name}/{edit.name}").sample(others, 2)


def _rows(result: Result, plan: Plan, seconds: float) -> Iterator[Row]:
    yield {"machine": describe_machine()}
    yield {
        "measure": "split",
        "part": plan.part,
        "rule": "by the table; else tuning where the first byte of the SHA-256 of the source is under 128",
        "files listed": len(result.files),
        "sources listed": len({one.source for one in result.files}),
        "clips edited": len(result.edited),
        "edited files": len(result.cases),
        "sources edited": sorted({one.source for one in result.edited}),
        "thresholds": {
            "match": MATCH_DECADES,
            "possible": POSSIBLE_DECADES,
            "specific": SPECIFIC_DECADES,
            "still": STILL_DECADES,
        },
        "seconds": round(seconds),
    }
    methods = _methods(result.cases)
    for edit in EDITS:
        if cases := result.of_edit(edit.name):
            yield {"measure": f"recall, {edit.words}", "edit": edit.name} | _recalls(cases, methods)
    for words, edits in (("37 edits", CORE_EDITS), ("8 more edits", MORE_EDITS), ("all edits", EDITS)):
        yield {"measure": f"macro recall, {words}"} | _macro(
            [result.of_edit(edit.name) for edit in edits], methods
        )
    pairs = [pair for case in result.cases for pair in case.strangers]
    yield {"measure": "false positives, other sources"} | _tiers(pairs)
    if said := [case.peers for case in result.cases if case.peers is not None]:
        yield {"measure": "false positives, peers"} | said_of_strangers(said)
    if looks := [case.keyframes.frames for case in result.cases if case.keyframes is not None]:
        yield {"measure": "keyframes of a clip", "median": float(np.median(looks)), "most": max(looks)}
    if local := [case.local for case in result.cases if case.local is not None]:
        yield {"measure": "false positives, local features"} | said_of_local(local)
    if result.local_scene:
        taken = [f"{query} in {file}" for query, file, is_proved in result.local_scene if is_proved]
        pairs_asked = len(result.local_scene)
        yield {
            "measure": "same scene, local features",
            "pairs": pairs_asked,
            "match": len(taken),
            "which": taken,
        }
    if result.scene:
        yield {"measure": "same scene, other footage"} | _tiers(result.scene)
    if result.moments:
        yield {"measure": "same recording, other time"} | _tiers(result.moments)
    yield {"measure": "places in compilations"} | _places(result.of_edit("compil"))
    yield {"measure": "places in all edits at the usual speed"} | _places(
        [case for case in result.cases if case.edit not in _RETIMED]
    )
    for one in result.speed:
        yield {"measure": f"speed, {one.name}"} | one.row()
    if result.speed:
        yield {"measure": "speed of all of these"} | speed_in_all(result.speed)
    frames, length_s = (
        sum(len(one.video) for one in result.files),
        sum(one.duration_s for one in result.files),
    )
    yield {"measure": "size of the list, bytes a minute", "plain vPDQ": round(37 * frames * 60 / length_s)}


_RETIMED = {
    "speed110", "speed125", "slow080", "half_speed", "double_speed", "reversed", "slideshow", "combo",
    "compil",
}  # fmt: skip

_Methods = dict[str, Callable[[Case], bool]]

_METHODS: _Methods = {
    "match": lambda case: case.own.tier == "match",
    "of them in part": lambda case: case.own.match is not None and case.own.match.is_in_part,
    "any tier": lambda case: case.own.tier != "none",
    "vPDQ any frame": lambda case: case.own.classic.query_percent > 0,
    "vPDQ HMA": lambda case: case.own.classic.by_hma,
    "vPDQ README": lambda case: case.own.classic.by_readme,
}


def _methods(cases: Sequence[Case]) -> _Methods:
    """All ways in which the edited clips were looked for."""
    methods = dict(_METHODS)
    if any(case.keyframes for case in cases):
        methods["keyframes alone, match"] = lambda case: bool(
            case.keyframes and case.keyframes.tier == "match"
        )
        methods["keyframes alone, any tier"] = lambda case: bool(
            case.keyframes and case.keyframes.tier != "none"
        )
    if any(case.local for case in cases):
        methods["match with local features"] = lambda case: bool(
            case.own.tier == "match" or (case.local and case.local.own)
        )
    rules = peer_rules([case.peers for case in cases if case.peers is not None])
    return methods | {name: _by_peer(rule) for name, rule in rules.items()}


def _by_peer(rule: Callable[[Said], bool]) -> Callable[[Case], bool]:
    return lambda case: case.peers is not None and rule(case.peers)


def _recalls(cases: Sequence[Case], methods: _Methods) -> Row:
    row: Row = {}
    for name, is_found in methods.items():
        share = share_by_source((case.source, is_found(case)) for case in cases)
        row[name] = round(share.mean, 3)
        if name == "match":
            row |= {
                "low": round(share.low, 3),
                "high": round(share.high, 3),
                "clips": share.cases,
                "sources": share.sources,
            }
    row["missed"] = {case.clip: case.own.tier for case in cases if case.own.tier != "match"}
    return row


def _macro(groups: Sequence[Sequence[Case]], methods: _Methods) -> Row:
    """The mean over edits; the interval is of resampled sources, since one source's clips fail together."""
    groups = [cases for cases in groups if cases]
    if not groups:
        return {}
    row: Row = {
        name: round(float(np.mean([np.mean([is_found(case) for case in cases]) for cases in groups])), 4)
        for name, is_found in methods.items()
    }
    sources = sorted({case.source for cases in groups for case in cases})
    found = np.full((len(groups), len(sources)), np.nan)
    for number, cases in enumerate(groups):
        for place, source in enumerate(sources):
            own = [case.own.tier == "match" for case in cases if case.source == source]
            found[number, place] = np.mean(own) if own else np.nan
    numbers = np.random.default_rng(1)
    draws = [
        float(np.nanmean(found[:, numbers.integers(0, len(sources), len(sources))])) for _ in range(2000)
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    worst = min(groups, key=lambda cases: float(np.mean([case.own.tier == "match" for case in cases])))
    share = float(np.mean([case.own.tier == "match" for case in worst]))
    return row | {
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "sources": len(sources),
        "worst": f"{worst[0].edit} {share:.2f}",
    }


def _tiers(pairs: Sequence[Pair]) -> Row:
    row: Row = {"pairs": len(pairs)}
    row |= {tier: sum(pair.tier == tier for pair in pairs) for tier in ("match", "possible", "same_scene")}
    row["vPDQ any frame"] = sum(pair.classic.query_percent > 0 for pair in pairs)
    row["vPDQ HMA"] = sum(pair.classic.by_hma for pair in pairs)
    highest = sorted(pairs, key=lambda pair: -pair.score)[:_SHOWN_PAIRS]
    row["highest"] = [
        f"{pair.score:.1f} {pair.tier}: {pair.query} in {pair.reference}" for pair in highest if pair.match
    ]
    return row


def _places(cases: Sequence[Case]) -> Row:
    """Errors in seconds of where a match begins and ends, in the query and in the listed video."""
    found = [(case.own.match, case.shown) for case in cases if case.own.match and case.own.tier == "match"]
    if not found:
        return {"matches": 0}
    asked = [(match.query_start_s - at[0], match.query_end_s - at[1]) for match, at in found]
    listed = [(match.reference_start_s - at[2], match.reference_end_s - at[3]) for match, at in found]
    return {"matches": len(found)} | _errors(asked, "") | _errors(listed, ", listed video")


def _errors(off_s: Sequence[tuple[float, float]], where: str) -> Row:
    sizes_s = np.abs(off_s)
    return {
        f"median error s{where}": round(float(np.median(sizes_s)), 2),
        f"90 % within s{where}": round(float(np.percentile(sizes_s, 90)), 2),
    }


def _plain(row: Row) -> str:
    hidden = {"edit", "missed", "sources edited"}
    rest = {key: value for key, value in row.items() if key not in hidden}
    head = rest.pop("measure", "machine")
    return f"{head:<52}" + "  ".join(f"{key} {value}" for key, value in rest.items())
