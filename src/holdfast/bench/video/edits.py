"""The edits of ``bench video``: a name, words, and what is done to a clip.

The first 37 are those of the design notes, on which figures are compared; most numbers are fixed there, so
that a copy of this bench measures the same. Deterministic: the same clip, edit and seed give the same file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

from PIL import ImageOps

from holdfast.bench.video import looks, places, screens, times
from holdfast.bench.video.clips import Clip

__all__ = ["CORE_EDITS", "EDITS", "MORE_EDITS", "VideoEdit", "edited"]

Apply = Callable[[Clip, Random, Sequence[Clip]], Clip]


@dataclass(frozen=True, slots=True)
class VideoEdit:
    """``apply`` takes a clip, random numbers, and clips of other sources (at least two)."""

    name: str
    words: str
    apply: Apply


def edited(edit: VideoEdit, clip: Clip, seed: str, others: Sequence[Clip]) -> Clip:
    """The edited clip. ``seed`` draws the instance, with the edit's name."""
    return edit.apply(clip, Random(f"{edit.name}/{seed}"), others)


def _plain(function: Callable[[Clip], Clip]) -> Apply:
    return lambda clip, _rng, _others: function(clip)


def _drawn(function: Callable[[Clip, Random], Clip]) -> Apply:
    return lambda clip, rng, _others: function(clip, rng)


def _crop(share: float, *, corner: bool = False) -> Apply:
    return lambda clip, rng, _: places.cropped(clip, share, rng if corner else None)


def _combined(clip: Clip, rng: Random) -> Clip:
    clip = places.cropped(clip.mapped(ImageOps.mirror), 0.12, None)
    return times.faster(looks.contrasted(looks.logo(clip, rng), 1.15, 12), 1.08)


def _filmed(clip: Clip, rng: Random) -> Clip:
    clip = looks.blurred(looks.gamma(places.perspective(clip, rng), 1.3), 0.8)
    return looks.noisy(clip, rng, 6)


CORE_EDITS: tuple[VideoEdit, ...] = (
    VideoEdit("reenc_low", "compressed hard", _plain(lambda clip: replace(clip, crf=36))),
    VideoEdit("resize_half", "half the size", _plain(lambda clip: places.resized(clip, 0.5, 0.5))),
    VideoEdit("aspect", "squeezed to 4:5 of its width", _plain(lambda clip: places.resized(clip, 0.8, 1.0))),
    VideoEdit("grey", "black and white", _plain(lambda clip: clip.mapped(ImageOps.grayscale))),
    VideoEdit("bright", "brighter", _plain(lambda clip: looks.contrasted(clip, 1.0, 40))),
    VideoEdit("contrast", "more contrast", _plain(lambda clip: looks.contrasted(clip, 1.5, 0))),
    VideoEdit("gammadark", "much darker", _plain(lambda clip: looks.gamma(clip, 2.2))),
    VideoEdit("blur", "blurred", _plain(lambda clip: looks.blurred(clip, 2.0))),
    VideoEdit("noise", "with noise", _drawn(lambda clip, rng: looks.noisy(clip, rng, 14))),
    VideoEdit("fps", "at 6 frames a second", _plain(lambda clip: times.at_rate(clip, 6.0))),
    VideoEdit("logo", "with a logo in a corner", _drawn(looks.logo)),
    VideoEdit("text", "with text over it", _drawn(looks.text)),
    VideoEdit("letterbox", "with bars above and below", _plain(lambda clip: screens.framed(clip, 0, 0.17))),
    VideoEdit("pillarbox", "with bars at both sides", _plain(lambda clip: screens.framed(clip, 0.22, 0))),
    VideoEdit("border", "with a border around it", _plain(lambda clip: screens.framed(clip, 0.08, 0.08))),
    VideoEdit("memebar", "with a caption in a white bar", _drawn(screens.captioned)),
    VideoEdit("blurbg", "upright, with a blurred copy behind", _plain(screens.blurred_backdrop)),
    VideoEdit("crop10", "cropped by 10 %", _crop(0.10)),
    VideoEdit("crop20", "cropped by 20 %", _crop(0.20)),
    VideoEdit("crop20corner", "cropped by 20 % at a corner", _crop(0.20, corner=True)),
    VideoEdit("crop30", "cropped by 30 %", _crop(0.30)),
    VideoEdit("hflip", "mirrored", _plain(lambda clip: clip.mapped(ImageOps.mirror))),
    VideoEdit("rot90", "turned by 90 degrees", _plain(lambda clip: places.turned(clip, 90))),
    VideoEdit("rot180", "upside down", _plain(lambda clip: places.turned(clip, 180))),
    VideoEdit("rot5", "turned by 5 degrees", _plain(lambda clip: places.tilted(clip, 5.0))),
    VideoEdit("persp", "seen at a slant", _drawn(places.perspective)),
    VideoEdit("camcord", "filmed off a screen", _drawn(_filmed)),
    VideoEdit("speed110", "1.1 times as fast", _plain(lambda clip: times.faster(clip, 1.1))),
    VideoEdit("speed125", "1.25 times as fast", _plain(lambda clip: times.faster(clip, 1.25))),
    VideoEdit("slow080", "at 0.8 of the speed", _plain(lambda clip: times.faster(clip, 0.8))),
    VideoEdit("trim_start", "without its first quarter", _plain(lambda clip: times.part(clip, 0.25, 1.0))),
    VideoEdit("trim_end", "without its last quarter", _plain(lambda clip: times.part(clip, 0.0, 0.75))),
    VideoEdit("clip", "an excerpt of 40 %", _plain(lambda clip: times.part(clip, 0.3, 0.7))),
    VideoEdit("compil", "an excerpt inside another video", times.inserted),
    VideoEdit(
        "pip70", "on 70 % of another video", lambda c, rng, others: screens.inside(c, rng, others, 0.7)
    ),
    VideoEdit(
        "pip50", "on half of another video", lambda c, rng, others: screens.inside(c, rng, others, 0.5)
    ),
    VideoEdit("combo", "mirrored, cropped, logo, colours, faster", _drawn(_combined)),
)

MORE_EDITS: tuple[VideoEdit, ...] = (
    VideoEdit("slideshow", "a still every second and a half", _plain(times.slideshow)),
    VideoEdit("emoji", "with stickers over it", _drawn(looks.stickers)),
    VideoEdit("reversed", "backwards", _plain(times.backwards)),
    VideoEdit("greenscreen", "behind somebody cut out of another video", screens.green_screen),
    VideoEdit("screenrec", "in a screen recording of a phone", _drawn(screens.phone)),
    VideoEdit("twice", "compressed hard twice", _plain(looks.compressed_twice)),
    VideoEdit("half_speed", "at half the speed", _plain(lambda clip: times.faster(clip, 0.5))),
    VideoEdit("double_speed", "twice as fast", _plain(lambda clip: times.faster(clip, 2.0))),
)

EDITS = (*CORE_EDITS, *MORE_EDITS)
