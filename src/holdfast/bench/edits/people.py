"""The edits of ``bench images --edits``: a name, words, and a picture drawn from random numbers.

The first seventeen are those of the design notes, on which figures are compared. Each edited picture is
then saved as JPEG at quality 50. Deterministic: the same photo, edit and seed give the same bytes.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageOps

from holdfast.bench.edits import frames, overlays, screens, shapes
from holdfast.bench.edits.drawing import Picture, Random

__all__ = ["CORE_EDITS", "MORE_EDITS", "PeopleEdit", "edited_jpeg"]

Others = Sequence[Picture]
FINAL_QUALITY = 50


@dataclass(frozen=True, slots=True)
class PeopleEdit:
    """``apply`` takes an RGB photo, random numbers and other photos (at least three) to put beside it."""

    name: str
    words: str
    apply: Callable[[Picture, Random, Others], Picture]
    group: str = ""  # edits that are reported together


def edited_jpeg(edit: PeopleEdit, picture: Picture, seed: str, others: Others) -> bytes:
    """The edited photo as a JPEG file of quality 50. ``seed`` draws the instance, with the edit's name."""
    edited = edit.apply(picture, random.Random(f"{edit.name}/{seed}"), others)
    buffer = io.BytesIO()
    edited.convert("RGB").save(buffer, "JPEG", quality=FINAL_QUALITY)
    return buffer.getvalue()


def _jpeg30(picture: Picture) -> Picture:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=30)
    return Image.open(buffer).convert("RGB")


def _crop(share: float) -> Callable[[Picture, Random, Others], Picture]:
    return lambda p, rng, _: shapes.cropped(p, rng, share)


def _mirror_crop_logo(picture: Picture, rng: Random) -> Picture:
    return overlays.logo(shapes.cropped(ImageOps.mirror(picture), rng, 0.10), rng)


def _crop_filter_text(picture: Picture, rng: Random) -> Picture:
    return overlays.meme_text(overlays.filtered(shapes.cropped(picture, rng, 0.08), rng), rng)


CORE_EDITS: tuple[PeopleEdit, ...] = (
    PeopleEdit("jpeg30", "saved as JPEG, quality 30", lambda p, *_: _jpeg30(p)),
    PeopleEdit("blur", "blurred", lambda p, rng, _: overlays.blurred(p, rng)),
    PeopleEdit("border", "in a plain border", lambda p, rng, _: frames.bordered(p, rng), "frames"),
    PeopleEdit("mirror", "mirrored", lambda p, *_: ImageOps.mirror(p)),
    PeopleEdit("rotate90", "rotated by 90 degrees", lambda p, *_: p.transpose(Image.Transpose.ROTATE_270)),
    PeopleEdit("collage", "beside another picture", lambda p, rng, o: frames.collage(p, rng, o[0]), "frames"),
    PeopleEdit("caption", "with a caption bar", lambda p, rng, _: frames.captioned(p, rng), "frames"),
    PeopleEdit("phone", "phone screenshot", lambda p, rng, _: screens.phone_screenshot(p, rng), "screens"),
    PeopleEdit("logo", "with a logo", lambda p, rng, _: overlays.logo(p, rng)),
    PeopleEdit("crop5", "cropped by 5 %", _crop(0.05), "crops"),
    PeopleEdit("crop10", "cropped by 10 %", _crop(0.10), "crops"),
    PeopleEdit("crop20", "cropped by 20 %", _crop(0.20), "crops"),
    PeopleEdit(
        "corner20",
        "cropped by 20 % at a corner",
        lambda p, rng, _: shapes.cropped_at_corner(p, rng, 0.20),
        "crops",
    ),
    PeopleEdit("crop30", "cropped by 30 %", _crop(0.30), "crops"),
    PeopleEdit("rotate5", "rotated by 5 degrees", lambda p, rng, _: shapes.rotated(p, rng, 5), "tilts"),
    PeopleEdit("perspective", "in perspective", lambda p, rng, _: shapes.perspective(p, rng, 0.06), "tilts"),
    PeopleEdit("combined", "mirrored, cropped by 10 %, logo", lambda p, rng, _: _mirror_crop_logo(p, rng)),
)

MORE_EDITS: tuple[PeopleEdit, ...] = (
    PeopleEdit("stickers", "with stickers", lambda p, rng, _: overlays.stickers(p, rng)),
    PeopleEdit("meme", "with meme text on it", lambda p, rng, _: overlays.meme_text(p, rng)),
    PeopleEdit("filter", "with a colour filter", lambda p, rng, _: overlays.filtered(p, rng)),
    PeopleEdit("tiny-jpeg", "shrunk, heavy JPEG", lambda p, rng, _: overlays.recompressed_small(p, rng)),
    PeopleEdit(
        "moire", "photographed off a screen", lambda p, rng, _: shapes.rephotographed(p, rng), "tilts"
    ),
    PeopleEdit("rotate10", "rotated by 10 degrees", lambda p, rng, _: shapes.rotated(p, rng, 10), "tilts"),
    PeopleEdit("sketch", "as a pencil sketch", lambda p, rng, _: overlays.sketched(p, rng)),
    PeopleEdit("split", "in a split screen", lambda p, rng, o: frames.split_screen(p, rng, o[0]), "frames"),
    PeopleEdit(
        "collage4",
        "in a collage of four",
        lambda p, rng, o: frames.collage_of_four(p, rng, list(o)),
        "frames",
    ),
    PeopleEdit("polaroid", "in a polaroid frame", lambda p, rng, _: frames.polaroid(p, rng), "frames"),
    PeopleEdit("story", "on its own blurred copy", lambda p, rng, _: frames.story(p, rng), "frames"),
    PeopleEdit(
        "phone-dark",
        "phone screenshot, dark mode",
        lambda p, rng, _: screens.phone_screenshot(p, rng, is_dark=True),
        "screens",
    ),
    PeopleEdit(
        "desktop", "desktop screenshot", lambda p, rng, _: screens.desktop_screenshot(p, rng), "screens"
    ),
    PeopleEdit(
        "desktop-dark",
        "desktop screenshot, dark mode",
        lambda p, rng, _: screens.desktop_screenshot(p, rng, is_dark=True),
        "screens",
    ),
    PeopleEdit(
        "crop-filter-text", "cropped, filtered, meme text", lambda p, rng, _: _crop_filter_text(p, rng)
    ),
)
