"""The parts of a picture that are looked at: all of it, inside its border, inside likely boxes."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.hashing.border import Box, inner_box
from holdfast.hashing.views.boxes import PageBox, page_boxes
from holdfast.hashing.views.paper import OnPaper, pictures_on_paper
from holdfast.hashing.views.small import SmallLuma

__all__ = ["BORDER", "BOX", "PAGE", "Part", "parts", "view_family", "view_words"]


@dataclass(frozen=True, slots=True)
class Part:
    """A box of the small luma, what was undone to get it, and how sure a picture is there (0..2)."""

    box: Box
    family: str  # one of decisions' words for views: as_is, border, box
    words: str
    score: float = 0.0


PAGE, BORDER, BOX = "as_is", "border", "box"
_WORDS = {PAGE: "", BORDER: "border removed", BOX: "inside a screenshot, collage or frame"}
_BAR_WORDS = "bar removed"
_PAPER_SCORE = 1.5  # of a picture on paper without a hole
_SAME_SHARE = 0.012  # of a side: parts that are nearer to each other are one


def parts(small: SmallLuma, limit: int) -> list[Part]:
    """All of the picture first, then inside its border if it has one, then up to ``limit`` likely boxes."""
    found = [Part(small.page, PAGE, _WORDS[PAGE])]
    inner = inner_box(small.pixels)
    if inner is not None:
        found.append(Part(inner, BORDER, _WORDS[BORDER], 2.0))
    for one in _likely_boxes(small, limit + len(found)):
        if len(found) - (inner is not None) - 1 < limit and not any(_is_same(one.box, p.box) for p in found):
            found.append(Part(one.box, BOX, _box_words(one.box, small), one.score))
    return found


def _likely_boxes(small: SmallLuma, limit: int) -> list[PageBox]:
    """What lies between edges and what lies on paper, the likeliest first: what is both counts for most."""
    edged, laid = page_boxes(small.pixels, limit), pictures_on_paper(small.pixels)
    found = []
    for one in edged:
        same = [other for other in laid if _is_same(one.box, other.box)]
        found.append(PageBox(one.box, max(one.score, _paper_score(same[0]))) if same else one)
        laid = [other for other in laid if other not in same]
    found += [PageBox(one.box, _paper_score(one)) for one in laid]
    return sorted(found, key=lambda one: -one.score)[:limit]


def _paper_score(one: OnPaper) -> float:
    """A tilted picture fills its box by three quarters: that one must count for less than the page itself."""
    return _PAPER_SCORE * one.filled**2


def view_family(part: Part, change: str, *, is_turned: bool) -> str:
    """The family of a view, in decisions' words: that of the change that takes the most faith.

    ``change`` is the family that `plan.describe` gives, "" for none.
    """
    if family := change:
        return family
    if part.family == PAGE and is_turned:
        return "orientation"
    return part.family


def view_words(part: Part, change: str, *, turned: str = "") -> str:
    """What was undone, for people: "border removed, mirrored, cropped about 20 % top left".

    ``change`` is in the words of `plan.describe`.
    """
    return ", ".join(word for word in (part.words, turned, change) if word) or "as is"


def _is_same(one: Box, other: Box) -> bool:
    tolerance = max(2.0, _SAME_SHARE * max(one.bottom - one.top, one.right - one.left))
    return (
        abs(one.top - other.top) <= tolerance
        and abs(one.bottom - other.bottom) <= tolerance
        and abs(one.left - other.left) <= tolerance
        and abs(one.right - other.right) <= tolerance
    )


def _box_words(box: Box, small: SmallLuma) -> str:
    page = small.page
    sides_on_page = sum(a == b for a, b in zip(box, page, strict=True))
    return _BAR_WORDS if sides_on_page == 3 and _share(box, page) > 0.7 else _WORDS[BOX]


def _share(box: Box, page: Box) -> float:
    return (box.bottom - box.top) * (box.right - box.left) / (page.bottom * page.right)
