"""What is measured of one edited clip, and of one pair of files that show the same scene."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from holdfast.bench.video.asked import Peers, Said
from holdfast.bench.video.clips import Clip, encoded
from holdfast.bench.video.corpus import Listed, hashed
from holdfast.bench.video.edits import VideoEdit, edited
from holdfast.bench.video.localfeatures import LocalFiles, LocalSaid
from holdfast.bench.video.queries import best_match, query_of, views_of
from holdfast.hashing.video import VideoHash
from holdfast.matching.video.classic import ClassicMatch, classic_match
from holdfast.matching.video.compare import VideoMatch, compare
from holdfast.matching.video.reference import VideoReference
from holdfast.media.types import VideoMode

__all__ = [
    "Case",
    "Keyframes",
    "Pair",
    "Prepared",
    "case_data",
    "case_of",
    "classic_of",
    "prepared",
    "reference_of",
    "scene_pairs",
]


@dataclass(frozen=True, slots=True)
class Pair:
    """An edited clip against one file: ``match`` is None where nothing at all was found."""

    query: str
    reference: str
    source: str
    match: VideoMatch | None
    classic: ClassicMatch

    @property
    def tier(self) -> str:
        return "none" if self.match is None else self.match.tier.value

    @property
    def score(self) -> float:
        return 0.0 if self.match is None else self.match.score


@dataclass(frozen=True, slots=True)
class Case:
    """One edited clip: against its own file, and against all files of other sources."""

    clip: str
    source: str
    edit: str
    shown: tuple[float, float, float, float]  # start and end in the edited clip, start and end in its file
    own: Pair
    strangers: tuple[Pair, ...]
    peers: Said | None  # where they were asked
    keyframes: Keyframes | None  # where they were looked at alone
    local: LocalSaid | None = None  # where local features were asked too


@dataclass(frozen=True, slots=True)
class Keyframes:
    """An edited clip against its own file, when only its ``frames`` that stand alone are looked at."""

    frames: int
    tier: str


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A listed file as queries are compared with it."""

    listed: Listed
    reference: VideoReference


def prepared(files: Sequence[Listed]) -> list[Prepared]:
    """All files, ready to be compared with."""
    return [Prepared(file, reference_of(file.video)) for file in files]


def case_of(
    edit: VideoEdit,
    own: Prepared,
    clip: Clip,
    hosts: Sequence[tuple[Listed, Clip]],
    listed: Sequence[Prepared],
    folder: Path | None,
    peers: Peers | None,
    *,
    keyframe_s: float | None = None,
    local: LocalFiles | None = None,
) -> Case:
    """Makes the edited file (kept in ``folder``), and compares it with all listed files.

    With ``keyframe_s`` it is also looked for by its keyframes alone, see `encoded`; with ``local`` by
    local features too.

    Files of the source of the first host are left out: some edits show it.
    """
    changed, data = _made(edit, own, clip, hosts, folder)
    queries = [query_of(views) for views in views_of(data)]
    plain, _ = hashed(data)
    shown = {own.listed.source, hosts[0][0].source}

    def pair(other: Prepared) -> Pair:
        best = best_match(data, queries, other.reference)
        return Pair(
            f"{own.listed.name} {edit.name}",
            other.listed.name,
            other.listed.source,
            best,
            classic_of(plain, other.listed.video),
        )

    others = [other for other in listed if other.listed.source not in shown]
    times = changed.start_s, changed.end_s, changed.source_start_s, changed.source_end_s
    lengths_s = {other.listed.path: other.listed.duration_s for other in others}
    return Case(
        own.listed.name,
        own.listed.source,
        edit.name,
        times,
        pair(own),
        tuple(map(pair, others)),
        None if peers is None else peers.said(data, own.listed.path, lengths_s),
        None if keyframe_s is None else _keyframes(changed, data, keyframe_s, own.reference),
        None if local is None else local.said(data, own.listed.path, list(lengths_s)),
    )


def case_data(
    edit: VideoEdit, own: Prepared, clip: Clip, hosts: Sequence[tuple[Listed, Clip]], folder: Path | None
) -> bytes:
    """The file of an edited clip."""
    path = None if folder is None else folder / _file_name(edit, own)
    if path is not None and path.is_file():
        return path.read_bytes()
    return _made(edit, own, clip, hosts, folder)[1]


def scene_pairs(scene: Sequence[Prepared]) -> Iterator[Pair]:
    """Every file of one scene, as it is, against every other one: other footage, so never a match."""
    for asked in scene:
        data = asked.listed.path.read_bytes()
        queries = [query_of(views) for views in views_of(data)]
        for other in scene:
            if other is not asked:
                best = best_match(data, queries, other.reference)
                classic = classic_of(asked.listed.video, other.listed.video)
                yield Pair(asked.listed.name, other.listed.name, other.listed.source, best, classic)


def _keyframes(clip: Clip, data: bytes, keyframe_s: float, reference: VideoReference) -> Keyframes:
    data = encoded(clip, keyframe_s) if keyframe_s else data
    queries = [query_of(views) for views in views_of(data, mode=VideoMode.KEYFRAMES)]
    found = [match for query in queries if (match := compare(query, reference)) is not None]
    best = max(found, key=lambda match: match.score, default=None)
    return Keyframes(sum(len(query) for query in queries), "none" if best is None else best.tier.value)


def _made(
    edit: VideoEdit, own: Prepared, clip: Clip, hosts: Sequence[tuple[Listed, Clip]], folder: Path | None
) -> tuple[Clip, bytes]:
    """The edited clip, and its file."""
    changed = edited(edit, clip, own.listed.name, [host for _, host in hosts])
    return changed, _kept(folder, _file_name(edit, own), changed)


def _file_name(edit: VideoEdit, own: Prepared) -> str:
    return f"{own.listed.name}--{edit.name}.mp4"


def _kept(folder: Path | None, name: str, clip: Clip) -> bytes:
    path = None if folder is None else folder / name
    if path is not None and path.is_file():
        return path.read_bytes()
    data = encoded(clip)
    if path is not None:
        path.write_bytes(data)
    return data


def reference_of(video: VideoHash) -> VideoReference:
    """A plain hash as queries are compared with it."""
    return VideoReference.of(video.codes, video.quality, video.time_s)


def classic_of(query: VideoHash, reference: VideoHash) -> ClassicMatch:
    """What vPDQ's own rules say of two plain hashes."""
    return classic_match(query.codes, query.quality, reference.codes, reference.quality)
