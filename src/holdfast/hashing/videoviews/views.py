"""A piece of a video through all its views: the codes to look up, and what each of them undid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from holdfast.hashing.orientation import Orientation
from holdfast.hashing.pdq import pdq_from_blocks
from holdfast.hashing.video import frame_block
from holdfast.hashing.videoviews import stack
from holdfast.hashing.videoviews.fitting import FittedView, fitted_view
from holdfast.hashing.videoviews.kept import KeptFaces
from holdfast.hashing.videoviews.looks import Look
from holdfast.hashing.videoviews.pieces import Between
from holdfast.hashing.videoviews.stack import StackBox, stack_boxes
from holdfast.hashing.videoviews.warps import BOX_WARPS, VIDEO_WARPS
from holdfast.hashing.views.faces import Faces
from holdfast.hashing.views.plan import Matrix, describe, orientation_matrix, warp_matrices
from holdfast.hashing.views.small import SmallLuma, small_luma
from holdfast.media.types import VideoFrame

__all__ = ["MAX_BOXES", "VideoViews", "video_views"]

MAX_BOXES = 10
_TURNED_BOXES = 3  # of boxes within the frame, that are looked up in all eight orientations
_ALL = tuple(Orientation)
_UPRIGHT = (Orientation.AS_IS, Orientation.MIRRORED)
_FAMILIES = {stack.PAGE: "as_is", stack.BORDER: "border", stack.BARS: "border", stack.FILL: "box"}
_WORDS = {
    stack.PAGE: "",
    stack.BORDER: "border removed",
    stack.BARS: "bars with text removed",
    stack.FILL: "blurred backdrop removed",
    stack.BOX: "inside another picture",
}

UInt8Array = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Plan:
    """One look: a box, and a matrix it is seen through (None: as it stands), in these orientations."""

    box: int
    matrix: Matrix | None
    orientations: tuple[Orientation, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class VideoViews:
    """f frames of a video at v views, the likeliest first; the first is the frames as they are.

    ``codes`` uint8 (v, f, 32); ``quality`` int32 (v, f), 0..100, -1 where a view has no code of a frame;
    ``time_s`` float64 (f,). ``families`` and ``words`` name the views, in decisions' words and for people.
    ``boxes`` of the small lumas and ``matrices`` float64 (v, 3, 3) say what each view sees: see `views.plan`.
    ``small`` are the small lumas of these frames and of those between, at ``small_time_s`` float64 (s,);
    ``place`` int64 (f,) tells where these frames are among them. ``seen`` keeps views that were asked for
    as they stand.
    """

    codes: UInt8Array
    quality: npt.NDArray[np.int32]
    time_s: npt.NDArray[np.float64]
    families: tuple[str, ...]
    words: tuple[str, ...]
    box: npt.NDArray[np.int64]
    matrices: Matrix
    boxes: tuple[StackBox, ...]
    small: KeptFaces
    small_time_s: npt.NDArray[np.float64]
    place: npt.NDArray[np.int64]
    seen: dict[int, FittedView] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.time_s)

    def fitted(self, view: int, rows: npt.NDArray[np.int64], codes: UInt8Array) -> FittedView:
        """A view brought nearer to listed codes uint8 (k, 32), each held against one of ``rows``.

        Without any it is the view as it stands, which is kept.
        """
        if not len(rows) and view in self.seen:
            return self.seen[view]
        look = self.look(view)
        found = fitted_view(self.small.at(look.box), self.small_time_s, look, self.place[rows], codes)
        if not len(rows):
            self.seen[view] = found
        return found

    def look(self, view: int) -> Look:
        """Where a view looks."""
        rows, columns = self.small.smalls[0].pixels.shape
        box = self.boxes[int(self.box[view])].box
        return Look(box, self.matrices[view], (rows, columns), self.families[view], self.words[view])

    def between(self, start_s: float, end_s: float) -> VideoViews | None:
        """The views of the frames from one time to before another; None where there are none."""
        kept = (self.time_s >= start_s) & (self.time_s < end_s)
        if not kept.any():
            return None
        near = (self.small_time_s >= start_s) & (self.small_time_s < end_s)
        return replace(
            self,
            codes=self.codes[:, kept],
            quality=self.quality[:, kept],
            time_s=self.time_s[kept],
            small=KeptFaces(tuple(self.small.smalls[number] for number in np.flatnonzero(near).tolist())),
            small_time_s=self.small_time_s[near],
            place=self.place[kept] - int(np.argmax(near)),
            seen={},
        )


def video_views(frames: list[VideoFrame], between: Sequence[Between] = ()) -> VideoViews | None:
    """All views of the frames of a video or of a piece of one, all of one size; None under 8 pixels a side.

    Boxes are found on all frames together, so that a view undoes the same for each of them. Frames
    ``between`` them are not looked at, but serve when a view is fitted to what is listed.
    """
    smalls = _small_lumas(frames)
    if not smalls:
        return None
    boxes = stack_boxes([small.pixels for small in smalls], MAX_BOXES)
    plans = _plans(boxes, smalls[0])
    codes, quality = _hashed(frames, smalls, boxes, plans)
    families, words, box, matrices = _named(plans, boxes, smalls[0])
    times = np.array([frame.time_s for frame in frames])
    every_s = np.concatenate([times, [one.time_s for one in between]])
    order = np.argsort(every_s, kind="stable")
    every = [*smalls, *(one.small for one in between)]
    return VideoViews(
        codes,
        quality,
        times,
        families,
        words,
        box,
        matrices,
        tuple(boxes),
        KeptFaces(tuple(every[number] for number in order.tolist())),
        every_s[order],
        np.argsort(order, kind="stable")[: len(frames)],
    )


def _small_lumas(frames: list[VideoFrame]) -> list[SmallLuma]:
    smalls: list[SmallLuma] = []
    last: UInt8Array | None = None
    for frame in frames:
        again = smalls[-1] if frame.luma is last else None
        made = again or small_luma(frame.luma, width=frame.width, height=frame.height)
        if made is None:
            return []
        smalls.append(made)
        last = frame.luma
    return smalls


def _plans(boxes: list[StackBox], small: SmallLuma) -> list[_Plan]:
    """Everything in all orientations as it stands, then the small changes of the likeliest pictures."""
    plans = []
    for number, one in enumerate(boxes):
        turned = one.kind != stack.BOX or number <= _TURNED_BOXES
        plans.append(_Plan(number, None, _ALL if turned else _UPRIGHT))
    bordered = next((number for number, one in enumerate(boxes) if one.kind == stack.BORDER), 0)
    # Both, because a dark edge of the picture itself may pass for a border.
    efforts = {0: VIDEO_WARPS, bordered: VIDEO_WARPS}
    if len(boxes) > bordered + 1:
        efforts[bordered + 1] = BOX_WARPS
    for number, warps in sorted(efforts.items()):
        matrices = warp_matrices(warps, small.aspect(boxes[number].box))
        plans += [_Plan(number, matrix, _UPRIGHT) for matrix in matrices]
    return plans


def _hashed(
    frames: list[VideoFrame], smalls: list[SmallLuma], boxes: list[StackBox], plans: list[_Plan]
) -> tuple[UInt8Array, npt.NDArray[np.int32]]:
    wanted = [np.array([_ALL.index(one) for one in plan.orientations]) for plan in plans]
    starts = np.cumsum([0, *map(len, wanted)])
    codes = np.zeros((int(starts[-1]), len(frames), 32), np.uint8)
    quality = np.full((int(starts[-1]), len(frames)), -1, np.int32)
    still = [number for number, plan in enumerate(plans) if plan.matrix is None]
    warped = [number for number, plan in enumerate(plans) if plan.matrix is not None]
    parts = tuple(one.box for one in boxes)
    for place, (frame, small) in enumerate(zip(frames, smalls, strict=True)):
        if place and small is smalls[place - 1]:
            codes[:, place], quality[:, place] = codes[:, place - 1], quality[:, place - 1]
            continue
        faces = Faces(small, parts)
        numbers = list(still)
        blocks = [_still_block(frame, faces, plans[number].box) for number in still]
        if place % 2 == 0:
            numbers += warped
            blocks += _warped_blocks(faces, [plans[number] for number in warped])
        made, scores = pdq_from_blocks(np.concatenate([_three(block) for block in blocks]), orientations=True)
        for number, code, score in zip(numbers, made, scores.tolist(), strict=True):
            first = starts[number]
            codes[first : first + len(wanted[number]), place] = code[wanted[number]]
            quality[first : first + len(wanted[number]), place] = score
    return codes, quality


def _three(block: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return block if block.ndim == 3 else block[np.newaxis]


def _still_block(frame: VideoFrame, faces: Faces, box: int) -> npt.NDArray[np.float32]:
    block = frame_block(frame) if box == 0 else None
    return faces.exact_block(box) if block is None else block


def _warped_blocks(faces: Faces, plans: list[_Plan]) -> list[npt.NDArray[np.float32]]:
    """Blocks of plans that come sorted by their boxes."""
    blocks = []
    for box in dict.fromkeys(plan.box for plan in plans):
        matrices = np.stack([plan.matrix for plan in plans if plan.box == box and plan.matrix is not None])
        blocks.append(faces.blocks(box, matrices))
    return blocks


def _named(
    plans: list[_Plan], boxes: list[StackBox], small: SmallLuma
) -> tuple[tuple[str, ...], tuple[str, ...], npt.NDArray[np.int64], Matrix]:
    families, words, numbers, matrices = [], [], [], []
    for plan in plans:
        one = boxes[plan.box]
        upright = np.eye(3) if plan.matrix is None else plan.matrix
        family, change = describe(upright, small.aspect(one.box)) if plan.matrix is not None else ("", "")
        for orientation in plan.orientations:
            is_turned = orientation is not Orientation.AS_IS
            own = _FAMILIES.get(one.kind, "box")
            families.append(family or ("orientation" if own == "as_is" and is_turned else own))
            parts = (_WORDS[one.kind], orientation.words if is_turned else "", change)
            words.append(", ".join(part for part in parts if part) or "as is")
            numbers.append(plan.box)
            matrices.append(upright @ orientation_matrix(orientation))
    return tuple(families), tuple(words), np.array(numbers), np.stack(matrices)
