"""The distinct pictures of an opened file: one of a still, several of an animation or of pages."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass, field

import numpy as np
from PIL import ExifTags, Image

from holdfast.errors import NotMatchableError
from holdfast.media.luma import fine_luma, orient, planes
from holdfast.media.types import Float32Array, ImageLimits, LumaFrame, Reason, UInt8Array

__all__ = ["Frames", "collect", "orientation_of"]

_COUNTED = ("PNG", "WEBP", "AVIF", "HEIF")  # formats whose header tells the number of frames
_SEVERAL = (*_COUNTED, "GIF", "TIFF")
_SIGNATURE_SIDE = 32
_SAME = 0.02  # deviation between two signatures, in units of their contrast: up to about 4 bits of PDQ
_TIME_SHARE = 0.5  # of the time limits: after it an animation ends early, with what was seen


@dataclass(slots=True)
class Frames:
    """What `collect` gathered. ``incomplete`` and ``detail`` as in `DecodedImage`."""

    kept: list[LumaFrame] = field(default_factory=list)
    seen: int = 0
    total: int = 0
    incomplete: Reason | None = None
    detail: str = ""

    def stop(self, reason: Reason, detail: str) -> None:
        self.incomplete, self.detail = reason, detail


def collect(image: Image.Image, limits: ImageLimits, stream: io.BytesIO) -> Frames:
    """The distinct frames of ``image``, in order, each for each backdrop that matters.

    Stops at a limit or at a damaged frame, and says so in the result. Raises what Pillow raises
    where not even the first frame can be decoded, and `NotMatchableError` for too many pixels.
    """
    name = image.format or ""
    announced = int(getattr(image, "n_frames", 1)) if name in _COUNTED else None
    frames, signatures = Frames(), _Signatures()
    clock = _Clock(limits)
    pixels = 0
    while name in _SEVERAL or frames.seen == 0:
        number = frames.seen
        if not _advance(image, number, frames, announced, stream):
            break
        width, height = image.size
        check_pixels(width, height, limits)
        pixels += width * height
        if number >= limits.max_frames or (number and pixels > limits.max_total_pixels):
            frames.stop(Reason.TOO_MANY_FRAMES, _too_many(number, announced))
            break
        if number and clock.is_late():
            frames.stop(Reason.TOO_SLOW, f"looked at the first {number} frames; the rest would take too long")
            break
        if not _load(image, number, frames):
            break
        turn = orientation_of(image)
        shown = [(backdrop, orient(luma, turn)) for backdrop, luma in planes(image)]
        fine = fine_luma(image) if shown[0][0] is None else None
        frames.seen += 1
        if announced == 1 or signatures.is_new([luma for _, luma in shown]):
            frames.kept += [
                LumaFrame(
                    luma,
                    luma.shape[1],
                    luma.shape[0],
                    index=number,
                    backdrop=backdrop,
                    fine=None if fine is None else orient(fine, turn),
                )
                for backdrop, luma in shown
            ]
    frames.total = max(announced or 0, frames.seen)
    return frames


def check_pixels(width: int, height: int, limits: ImageLimits) -> None:
    """Raises `NotMatchableError` for a picture over the limits, or without any pixel."""
    if width < 1 or height < 1:
        raise NotMatchableError(Reason.DAMAGED, f"Not matchable: its header says {width} x {height} pixels.")
    limit = min(limits.max_pixels, limits.max_total_pixels)
    if width * height > limit:
        raise NotMatchableError(
            Reason.TOO_LARGE,
            f"Not matchable: {width} x {height} pixels, the limit is {limit:,}. Nothing was decoded. "
            "Raise media.max_pixels (and media.max_total_pixels) to look at it.",
        )


def orientation_of(image: Image.Image) -> int:
    """EXIF orientation (1..8) that is still to be applied to a loaded picture.

    Pillow has already turned TIFF, and the HEIF plugin HEIF; both then report 1. A JPEG XL code
    stream carries its own orientation, which its decoder applies: EXIF counts only where the file is
    a repacked JPEG. Source: ISO/IEC 18181-2:2024, section on the Exif box.
    """
    if image.format == "JXL" and not getattr(image, "jpeg", False):
        return 1
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001  # EXIF is foreign data in many dialects; a picture is shown without it
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _advance(
    image: Image.Image, number: int, frames: Frames, announced: int | None, stream: io.BytesIO
) -> bool:
    """Go to frame ``number``; False at the end, which is noted if the file ends too early."""
    if announced is not None and number >= announced:
        return False
    if image.tell() == number:
        return True
    try:
        image.seek(number)
    except EOFError:
        if announced is not None or (image.format == "GIF" and not _gif_ended(stream)):
            frames.stop(Reason.TRUNCATED, f"the file ends early: {number} frames could be read")
        return False
    except (MemoryError, Image.DecompressionBombError):
        raise
    except Exception as error:  # decoders raise anything on damaged frames
        if number == 0:
            raise
        frames.stop(Reason.DAMAGED, f"frame {number + 1} and later could not be read ({error})")
        return False
    return True


def _load(image: Image.Image, number: int, frames: Frames) -> bool:
    try:
        image.load()
    except (MemoryError, Image.DecompressionBombError):
        raise
    except Exception as error:  # decoders raise anything on damaged frames
        if number == 0:
            raise
        frames.stop(Reason.TRUNCATED, f"frame {number + 1} could not be read ({error}); later ones neither")
        return False
    return True


def _gif_ended(stream: io.BytesIO) -> bool:
    """True where Pillow met the end marker of a GIF, and not just the end of the bytes."""
    position = stream.tell()
    return position > 0 and bytes(stream.getbuffer()[position - 1 : position]) == b";"


def _too_many(number: int, announced: int | None) -> str:
    return f"looked at {number} frames of {announced or 'more'}: a limit (media.max_frames, ...) is reached"


class _Clock:
    """Ends an animation early enough that what was seen can still be handed over."""

    def __init__(self, limits: ImageLimits) -> None:
        self._cpu = time.process_time() + limits.cpu_s * _TIME_SHARE
        self._wall = time.monotonic() + limits.wall_s * _TIME_SHARE

    def is_late(self) -> bool:
        return time.process_time() > self._cpu or time.monotonic() > self._wall


class _Signatures:
    """Remembers the pictures seen so far as tiny thumbnails, to keep nearly equal frames once.

    Brightness and contrast are taken out, as perceptual hashes do: a faint picture is as much a picture.
    """

    def __init__(self) -> None:
        self._seen: list[Float32Array] = []

    def is_new(self, shown: list[UInt8Array]) -> bool:
        signature = np.concatenate([_cells(luma) for luma in (shown[0], shown[-1])])
        for other in reversed(self._seen):
            if np.square(signature - other).mean() <= _SAME**2:
                return False
        self._seen.append(signature)
        return True


def _cells(luma: UInt8Array) -> Float32Array:
    small = Image.fromarray(luma).resize((_SIGNATURE_SIDE, _SIGNATURE_SIDE), Image.Resampling.BOX)
    cells: Float32Array = np.asarray(small, np.float32).ravel()
    signature: Float32Array = (cells - cells.mean()) / np.float32(max(float(cells.std()), 1.0))
    return signature
