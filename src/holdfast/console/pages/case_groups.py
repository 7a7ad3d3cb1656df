"""The files of a case as groups of copies: one tile each, what is known of it, and what was seen of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from holdfast.console.pages.shared import Names
from holdfast.console.texts import Texts
from holdfast.console.times import span
from holdfast.records.tables.base import now
from holdfast.review.case_facts import ClusterFacts, MediaFacts
from holdfast.review.ledger import ItemViews
from holdfast.review.models import CaseItem

__all__ = ["Group", "Piece", "groups_of", "seen_words"]

# The nearest first: of two matches the one that says more about the file.
_TIERS = {"match": 0, "possible": 1, "same_scene": 2}


@dataclass(frozen=True, slots=True)
class Piece:
    """One file. ``files`` is the address below which it is shown; "" where nothing is held any more."""

    case_item: int
    medium: str
    files: str
    seen: str
    name: str = ""
    facts: str = ""
    length_s: float = 0.0
    parts: tuple[tuple[float, float], ...] = ()
    parts_words: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Copies of one content in a case, decided together. ``label`` is "" while nobody gave one."""

    number: int
    title: str
    counts: str
    why: str
    decided_before: str
    shown: Piece
    copies: tuple[Piece, ...]
    files: str  # the case items of the group, with commas between
    label: str
    not_a_match: str
    annotations: tuple[str, ...]
    labelled_by: str


def groups_of(case_id: int, media: Sequence[MediaFacts], names: Names, t: Texts) -> list[Group]:
    """The groups in the order of their first files. A file without a group is one by itself."""
    gathered: dict[tuple[str, int], list[MediaFacts]] = {}
    for one in media:
        key = ("file", one.item.id) if one.cluster is None else ("group", one.cluster.id)
        gathered.setdefault(key, []).append(one)
    return [
        _group(number, case_id, copies, names, t) for number, copies in enumerate(gathered.values(), start=1)
    ]


def seen_words(views: ItemViews | None, names: Names, t: Texts) -> str:
    """The view ledger of one file in a sentence: the page's smallest text, and the one that must be true."""
    if views is None or not views.served:
        return t("view.not_viewed")
    if views.viewed_in_full:
        return t("view.in_full", who=_people(views.full_viewers, names))
    opened = sorted({one.person for one in views.served if one.grant_id is not None})
    if opened:
        return t("view.in_part", who=_people(opened, names))
    return t("view.blurred", who=_people(sorted({one.person for one in views.served}), names))


def _group(number: int, case_id: int, copies: list[MediaFacts], names: Names, t: Texts) -> Group:
    # What is still held can be shown; of those the first one.
    ordered = sorted(copies, key=lambda one: (one.hold_state != "held", one.item.id))
    first = ordered[0].item
    pieces = [_piece(case_id, one, names, t) for one in ordered]
    return Group(
        number=number,
        title=_title(pieces[0], t),
        counts=_counts(copies, t),
        why=_why(first, t),
        decided_before=_before(case_id, copies[0].cluster, names, t),
        shown=pieces[0],
        copies=tuple(pieces[1:]),
        files=",".join(str(piece.case_item) for piece in pieces),
        label=first.label or "",
        not_a_match=first.not_a_match or "",
        annotations=tuple(first.annotations),
        labelled_by=t("case.labelled_by", who=names(first.labelled_by)) if first.label else "",
    )


def _piece(case_id: int, one: MediaFacts, names: Names, t: Texts) -> Piece:
    item = one.item
    is_held = one.hold_state == "held"
    facts = [str(item.context.get("original_name") or ""), item.content_reference or ""]
    if one.size_bytes is not None:
        facts.append(_size(one.size_bytes, t))
    parts = _parts(item)
    length_s = one.length_s or 0.0
    return Piece(
        case_item=item.id,
        medium=item.medium,
        files=f"/console/cases/{case_id}/files/{item.id}" if is_held else "",
        name=facts[0] or facts[1] or t("case.nameless"),
        facts=" · ".join(dict.fromkeys(fact for fact in facts if fact)),
        length_s=length_s,
        parts=parts,
        parts_words=_parts_words(length_s, parts, t),
        seen=seen_words(one.views, names, t) if is_held else t("view.gone"),
    )


def _title(piece: Piece, t: Texts) -> str:
    word = t.or_plain("medium", piece.medium)
    return f"{word} · {span(t, piece.length_s)}" if piece.length_s else word


def _counts(copies: list[MediaFacts], t: Texts) -> str:
    said = [t("case.copies_here", count=len(copies))] if len(copies) > 1 else []
    cluster = copies[0].cluster
    if cluster is not None and cluster.members > len(copies):
        said.append(t("case.copies_all", count=cluster.members))
    return ", ".join(said)


def _why(item: CaseItem, t: Texts) -> str:
    """Why it is here, in words: what it is like, and the rule that held it."""
    known = [one for one in item.matches if one.get("bank_kind") == "known"]
    if not known:
        words = t("why.none")
    else:
        near = min(known, key=lambda one: (not one.get("exact"), _TIERS.get(one["tier"], 3), _distance(one)))
        words = _match_words(near, t)
    return f"{words} {t('why.rule', rule=item.rule)}" if item.rule else words


def _match_words(match: dict[str, Any], t: Texts) -> str:
    bank, bits = match["bank"], match.get("distance_bits")
    if match.get("exact"):
        words = t("why.exact", bank=bank)
    elif bits is None:
        words = t("why.like", bank=bank)
    elif match.get("view", "as_is") not in ("as_is", "orientation", "border"):
        words = t("why.view", bank=bank, bits=bits)
    else:
        words = t("why.near" if match["tier"] == "match" else "why.possible", bank=bank, bits=bits)
    return f"{words} {t('why.trusted')}" if match.get("trusted") else words


def _distance(match: dict[str, Any]) -> int:
    bits = match.get("distance_bits")
    return 0 if bits is None else int(bits)


def _before(case_id: int, cluster: ClusterFacts | None, names: Names, t: Texts) -> str:
    if cluster is None or cluster.verdict is None or cluster.decided_case in (None, case_id):
        return ""
    when = "" if cluster.decided_at is None else span(t, (now() - cluster.decided_at).total_seconds())
    return t(
        f"case.before_{cluster.verdict}",
        label=t.or_plain("labels", cluster.label or "none"),
        who=names(cluster.decided_by),
        case=str(cluster.decided_case),
        when=when,
    )


def _parts(item: CaseItem) -> tuple[tuple[float, float], ...]:
    """Matched parts in seconds, where a match says which part of a film or a sound it is about."""
    parts = set()
    for match in item.matches:
        start_s, end_s = match.get("query_start_s"), match.get("query_end_s")
        if start_s is not None and end_s is not None:
            parts.add((float(start_s), float(end_s)))
    return tuple(sorted(parts))


def _parts_words(length_s: float, parts: tuple[tuple[float, float], ...], t: Texts) -> str:
    said = ", ".join(f"{_minutes(start_s)}–{_minutes(end_s)}" for start_s, end_s in parts)
    if not parts:
        return ""
    if not length_s:
        return t("view.matched_at", parts=said)
    return t("view.matched_part", parts=said, length=_minutes(length_s))


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _size(size_bytes: int, t: Texts) -> str:
    for unit, size in (("MB", 1_000_000), ("kB", 1_000)):
        if size_bytes >= size:
            return f"{t.number(size_bytes / size, 1)} {unit}"
    return f"{size_bytes} B"


def _people(subjects: Sequence[str], names: Names) -> str:
    return ", ".join(names(one) for one in subjects)
