"""What the peers say of edited clips, by their own hashes: which files they take them for, at which limit."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from holdfast.bench.video.peers import TMK_LEVELS, TMK_LIKE, Codes, Tmk, Vectors, Vpdq, tmk, vpdq
from holdfast.matching.video.classic import ClassicMatch, classic_match

__all__ = ["Peers", "Said", "peer_rules", "said_of_strangers"]

_TMK = "TMK (perception) .7/.7"
_LONGEST_S = 120.0  # of files that TMK is asked about: its second level takes 8 MB of memory a second
_RULES: dict[str, Callable[[ClassicMatch], bool]] = {
    "vpdq package, any frame": lambda match: match.query_percent > 0,
    "vpdq package, HMA": lambda match: match.by_hma,
    "vpdq package, README": lambda match: match.by_readme,
}
_NOTHING = ClassicMatch(0.0, 0.0)


@dataclass(slots=True)
class Said:
    """Of one edited clip. ``likeness`` by level of TMK: with its own file, and with the likest stranger.

    ``strangers`` counts files of other sources by rule. ``failed`` names peers that had no hash of the clip
    or of its own file: they have not found it.
    """

    found: dict[str, bool] = field(default_factory=dict)
    strangers: dict[str, int] = field(default_factory=dict)
    likeness: dict[str, tuple[float, float]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


class Peers:
    """All peers that are installed; hashes of listed files are kept."""

    def __init__(self) -> None:
        self._vpdq, self._tmk = vpdq(), tmk()
        self._codes: dict[Path, Codes | None] = {}
        self._vectors: dict[Path, Vectors | None] = {}

    def said(self, edited: bytes, own: Path, strangers: Mapping[Path, float]) -> Said:
        """Of an edited clip, its own file, and files of other sources with their lengths in seconds."""
        out = Said()
        with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
            file.write(edited)
            file.flush()
            if self._vpdq is not None:
                self._ask_vpdq(out, self._vpdq, Path(file.name), own, strangers)
            if self._tmk is not None:
                short = [path for path, length_s in strangers.items() if length_s <= _LONGEST_S]
                self._ask_tmk(out, self._tmk, Path(file.name), own, short)
        return out

    def _ask_vpdq(self, out: Said, peer: Vpdq, edited: Path, own: Path, strangers: Iterable[Path]) -> None:
        asked, known = peer.hash_file(edited), self._codes_of(peer, own)
        match, others = _NOTHING, list[ClassicMatch]()
        if asked is None or known is None:
            out.failed.append("vpdq package")
        else:
            match = classic_match(*asked, *known)
            codes = [self._codes_of(peer, path) for path in strangers]
            others = [classic_match(*asked, *one) for one in codes if one is not None]
        for name, takes in _RULES.items():
            out.found[name] = takes(match)
            out.strangers[name] = sum(map(takes, others))

    def _ask_tmk(self, out: Said, peer: Tmk, edited: Path, own: Path, strangers: Sequence[Path]) -> None:
        asked, known = peer.hash_file(edited), self._vectors_of(peer, own)
        if asked is None or known is None:
            out.failed.append(_TMK)
            alike, others = (0.0, 0.0), []
        else:
            alike = peer.likeness(asked, known)
            vectors = [self._vectors_of(peer, path) for path in strangers]
            others = [peer.likeness(asked, one) for one in vectors if one is not None]
        out.found[_TMK] = min(alike) >= TMK_LIKE
        out.strangers[_TMK] = sum(min(one) >= TMK_LIKE for one in others)
        for number, level in enumerate(TMK_LEVELS):
            out.likeness[level] = alike[number], max((one[number] for one in others), default=0.0)

    def _codes_of(self, peer: Vpdq, path: Path) -> Codes | None:
        if path not in self._codes:
            self._codes[path] = peer.hash_file(path)
        return self._codes[path]

    def _vectors_of(self, peer: Tmk, path: Path) -> Vectors | None:
        if path not in self._vectors:
            self._vectors[path] = peer.hash_file(path)
        return self._vectors[path]


def peer_rules(said: Sequence[Said]) -> dict[str, Callable[[Said], bool]]:
    """By which rules the peers find a clip: at their own limits, and TMK over its likest stranger of all."""
    if not said:
        return {}
    rules: dict[str, Callable[[Said], bool]] = {name: _by_rule(name) for name in said[0].found}
    for level in said[0].likeness:
        limit = max(one.likeness[level][1] for one in said)
        rules[f"{level}, no stranger"] = _by_limit(level, limit)
    return rules


def said_of_strangers(said: Sequence[Said]) -> dict[str, Any]:
    """How many files of other sources they take for the same, and how many clips they could not hash."""
    row: dict[str, Any] = {
        name: sum(one.strangers[name] for one in said) for name in (said[0].strangers if said else ())
    }
    for level in said[0].likeness if said else ():
        row[f"{level}, likest stranger"] = round(max(one.likeness[level][1] for one in said), 3)
    for name in sorted({name for one in said for name in one.failed}):
        row[f"{name}, clips not hashable"] = sum(name in one.failed for one in said)
    return row


def _by_rule(name: str) -> Callable[[Said], bool]:
    return lambda one: one.found[name]


def _by_limit(level: str, limit: float) -> Callable[[Said], bool]:
    return lambda one: one.likeness[level][0] > limit
