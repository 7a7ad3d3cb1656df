"""A query against the videos that have local features, where codes found no match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from holdfast.matching.video.alarms import among, expected_false_alarms
from holdfast.matching.video.bank import VideoBank
from holdfast.matching.video.compare import VideoMatch
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.kernels import bits_into
from holdfast.matching.video.local_bank import LocalBank
from holdfast.matching.video.local_judge import LocalQuery, compare_local
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.search import BankMatch

__all__ = ["search_local"]

FROM_CODES = 6  # finds of a lower tier that are compared too
SAME_LINE_S = 1.5  # of listed time, by which a line of codes may miss one of features


def search_local(
    found: Sequence[BankMatch], query: VideoQuery, local: LocalQuery, bank: VideoBank, features: LocalBank
) -> list[BankMatch]:
    """What codes ``found``, with what local features make a match of it or find besides, the surest first.

    Where there is a match already, nothing else is looked at. A match by features has their view and their
    evidence, and the times of the codes where these found it along the same line.
    """
    if any(one.match.is_sure for one in found):
        return list(found)
    known = {one.video_id: one for one in found}
    wanted = [one.video_id for one in found if features.get(one.video_id) is not None][:FROM_CODES]
    wanted += features.candidates([local.few(False), local.few(True)])
    for video_id in dict.fromkeys(wanted):
        listed = features.get(video_id)
        match = None if listed is None else compare_local(local, listed)
        if match is None:
            continue
        expected = expected_false_alarms(match.score, len(query), bank.frames)
        if among(match.tier, expected) is VideoTier.MATCH:
            by_codes = known.get(video_id)
            match = replace(match, nearest_bits=_nearest_bits(query, bank, video_id))
            match = match if by_codes is None else _with_times(match, by_codes.match)
            known[video_id] = BankMatch(video_id, match, expected)
    return sorted(known.values(), key=lambda one: (one.match.rank, one.video_id))


def _nearest_bits(query: VideoQuery, bank: VideoBank, video_id: int) -> int:
    """How near the codes of two frames come, as they are: features say nothing of that."""
    reference = bank.reference(video_id)
    if reference is None or not len(reference) or not len(query):
        return 256
    bits = np.empty((len(query), len(reference)), np.int16)
    bits_into(query.frames.words[0], reference.frames.words, bits)
    return int(bits.min())


def _with_times(match: VideoMatch, by_codes: VideoMatch) -> VideoMatch:
    """Codes are looked at once a second, features at twelve moments: they know better where it begins."""
    middle_s = (match.query_start_s + match.query_end_s) / 2
    missed_s = match.speed * middle_s + match.offset_s - by_codes.speed * middle_s - by_codes.offset_s
    if by_codes.speed == 0 or abs(missed_s) > SAME_LINE_S:
        return match
    return replace(
        match,
        states=max(match.states, by_codes.states),
        query_start_s=min(match.query_start_s, by_codes.query_start_s),
        query_end_s=max(match.query_end_s, by_codes.query_end_s),
        reference_start_s=min(match.reference_start_s, by_codes.reference_start_s),
        reference_end_s=max(match.reference_end_s, by_codes.reference_end_s),
    )
