"""A picture made small, in colour, for people who must look at it. Runs inside a decode worker.

Only what a page shows at first comes from here; whoever reveals a file gets its own bytes.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageOps

from holdfast.errors import NotMatchableError
from holdfast.media.formats import sniff
from holdfast.media.frames import check_pixels
from holdfast.media.image import answer_of, pillow_limits
from holdfast.media.types import ImageLimits, Reason, UInt8Array

__all__ = ["make_preview"]

_WHITE = (255, 255, 255)


def make_preview(
    data: bytes | memoryview, limits: ImageLimits, *, max_side_px: int
) -> tuple[UInt8Array, bool]:
    """The first picture in ``data``, uint8 (h, w, 3), no side over ``max_side_px``; whether more follow it.

    Turned as EXIF says, transparency on white. Raises `NotMatchableError`, and nothing else.
    """
    name = sniff(data)
    if name is None:
        raise NotMatchableError(Reason.NOT_MEDIA, "This is no picture of a format known here.")
    try:
        with pillow_limits(limits), Image.open(io.BytesIO(data), formats=(name,)) as image:
            check_pixels(*image.size, limits)
            is_several = bool(getattr(image, "is_animated", False))
            image.draft("RGB", (max_side_px, max_side_px))
            turned = ImageOps.exif_transpose(image)
            turned.thumbnail((max_side_px, max_side_px))
            return np.ascontiguousarray(np.asarray(_on_white(turned))), is_several
    except NotMatchableError:
        raise
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # decoders raise anything, Rust ones even panics
        raise answer_of(error, name) from error


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    seen = image.convert("RGBA")
    paper = Image.new("RGB", seen.size, _WHITE)
    paper.paste(seen, mask=seen.getchannel("A"))
    return paper
