"""Listed videos in which nothing moves: one picture, judged like a photograph.

Where all listed frames are nearly the same, no test of other moments can tell anything: there are none. The
listed video then *is* that picture. Its evidence is that of the picture, without the bound that keeps a
title or a logo that two films share from making a match; and within 31 bits in a plain view it is a match by
the rule that lists are made for, as a photograph is, however regular the picture. It is asked of videos of
some seconds, so that three seconds of somebody in a room are not taken for a picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from holdfast.matching.video.align import Support
from holdfast.matching.video.evidence import MOST_DECADES, evidence_table
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference

__all__ = [
    "CLASSIC_BITS",
    "LEAST_FRAMES",
    "MOSTLY_SHARE",
    "OTHER",
    "PLAIN",
    "STILL_BITS",
    "STILL_SHARE",
    "Still",
    "beyond_bound",
    "is_still",
    "still",
]

STILL_BITS, STILL_SHARE = 16, 0.9  # so near, and so many of the listed frames
LEAST_FRAMES, LEAST_FOUND = 5, 2  # of the reference with features; of them on the line
CLASSIC_BITS = 31
MOSTLY_SHARE = 0.5  # of the listed frames, from which on a picture is no title
PLAIN = ("as_is", "orientation", "border")  # families of views that change nothing within the picture
OTHER = "other"  # no view by itself: such a find may hold content for a person, and decides nothing alone


@dataclass(frozen=True, slots=True)
class Still:
    """``decades`` of the middle frame on the line; ``is_classic``: it is within 31 bits in a plain view."""

    decades: float
    is_classic: bool


def is_still(reference: VideoReference, frame: int) -> bool:
    """Whether nearly all of a listed video looks like one of its frames, and it is long enough to tell."""
    words = reference.frames.words[reference.frames.weight > 0]
    near = np.bitwise_count(words ^ reference.frames.words[frame]).sum(axis=1) <= STILL_BITS
    return len(words) >= LEAST_FRAMES and bool(near.mean() >= STILL_SHARE)


def still(
    query: VideoQuery, reference: VideoReference, view: int, support: Support, cost: float = 0.0
) -> Still | None:
    """What speaks for the picture that a listed video is, less ``cost``; None where it is not still."""
    middle = int(np.bincount(support.columns).argmax())
    if len(np.unique(support.columns)) < LEAST_FOUND or not is_still(reference, middle):
        return None
    frames, other = query.view(view), reference.frames
    kinds = frames.kind[support.rows] + other.kind[support.columns]
    weights = np.minimum(frames.weight[support.rows], other.weight[support.columns])
    evidence = evidence_table()[kinds, support.bits] * weights
    is_near = float(np.median(support.bits)) <= CLASSIC_BITS
    return Still(float(np.median(evidence)) - cost, is_near and query.families[view] in PLAIN)


def beyond_bound(query: VideoQuery, reference: VideoReference, view: int, support: Support) -> float:
    """Decades that the bound on one picture took from a picture that is half of the listed video or more.

    The bound is there because two videos may share a title, a logo or an end card. What the listed video
    shows most of the time is none of these: it says up to as much again, where it is this footage at all.
    """
    usable = reference.frames.weight > 0
    states, counts = np.unique(reference.state[usable], return_counts=True)
    if not len(states) or counts.max() < max(LEAST_FRAMES, MOSTLY_SHARE * usable.sum()):
        return 0.0
    own = reference.state[support.columns] == states[counts.argmax()]
    if len(np.unique(support.columns[own])) < LEAST_FOUND:
        return 0.0
    frames, other = query.view(view), reference.frames
    rows, columns = support.rows[own], support.columns[own]
    evidence = evidence_table()[frames.kind[rows] + other.kind[columns], support.bits[own]]
    evidence = evidence * np.minimum(frames.weight[rows], other.weight[columns])
    return float(np.clip(np.median(evidence) - MOST_DECADES, 0.0, MOST_DECADES))
