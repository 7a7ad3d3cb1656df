"""The awkward and hostile files of `bench hostile`, each with the answer that is right for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np

from holdfast.bench.hostile_damage import (
    backwards,
    cut,
    inverted,
    oversized_avi,
    oversized_png,
    patched,
    timeless,
)
from holdfast.bench.hostile_films import FPS, SIZE, film, mosaic, picture, scenes, sound
from holdfast.bench.hostile_scripts import METADATA_SERVICE, TEXT, concat, manifest, playlist

__all__ = ["Case", "hostile_cases", "listed_film"]

_LISTED, _STRANGE = range(8), range(100, 108)  # seeds of pictures: seconds of a film
_MOST_S, _MOST_LONG_S = 60.0, 120.0
_INDEX_FIRST = {"moov_size": "8000"}  # bytes that are kept free for it
_UNTOLD = {"live": "1"}  # without a duration
_QUICK, _IN_ORDER = {"preset": "ultrafast"}, {"bf": "0"}
_MANY_FRAMES = 20_000
_GIGANTIC = 2**31 - 16


@dataclass(frozen=True, slots=True)
class Case:
    """One file: ``name`` says what it is, ``make`` gives its bytes, which go into a file ``file_name``.

    Right are ``outcome`` and one of ``reasons``, within ``most_s`` seconds on the clock.
    """

    name: str
    file_name: str
    make: Callable[[], bytes]
    outcome: str
    reasons: tuple[str, ...] = ("",)
    most_s: float = _MOST_S


def listed_film(seeds: range = _LISTED) -> bytes:
    """The film that the bank lists: eight seconds. Its index comes last."""
    return film(scenes(seeds))


def hostile_cases(listener: str) -> tuple[Case, ...]:
    """All cases; ``listener`` is an address (http://...) where somebody waits whom nobody may call."""
    return (*_copies(), *_poor(), *_large(), *_scripts(listener), *_lies(), *_clocks())


def _refused(name: str, file_name: str, make: Callable[[], bytes], *reasons: str) -> Case:
    return Case(name, file_name, make, "not_matchable", reasons)


def _copies() -> Iterator[Case]:
    def whole(seeds: range) -> bytes:
        return film(scenes(seeds), container_options=_INDEX_FIRST)

    def matroska(seeds: range, **options: str) -> bytes:
        return film(scenes(seeds), container="matroska", container_options=options)

    yield Case("the listed film", "copy.mp4", listed_film, "match")
    yield Case("the listed film, VP8", "vp8.webm", lambda: film(scenes(_LISTED), "libvpx", "webm"), "match")
    yield Case("the listed film, cut off in the middle", "cut.mp4", lambda: cut(whole(_LISTED)), "match")
    yield _refused(
        "the listed film, cut off before its index", "noindex.mp4", lambda: cut(listed_film()), "damaged"
    )
    yield Case("the listed film, no duration", "untold.mkv", lambda: matroska(_LISTED, **_UNTOLD), "match")
    yield Case("another film", "other.mp4", lambda: whole(_STRANGE), "no_match")
    yield _refused("another film, cut off", "othercut.mp4", lambda: cut(whole(_STRANGE)), "truncated")
    yield _refused("another film, cut off, MKV", "othercut.mkv", lambda: cut(matroska(_STRANGE)), "truncated")
    yield Case("another film, no duration", "untold2.mkv", lambda: matroska(_STRANGE, **_UNTOLD), "no_match")
    yield _refused(
        "another film, no duration, cut off, MKV",
        "untoldcut.mkv",
        lambda: cut(matroska(_STRANGE, **_UNTOLD)),
        "truncated",
    )


def _poor() -> Iterator[Case]:
    black = np.zeros(SIZE[::-1], np.uint8)
    yield _refused("zero bytes", "empty.mp4", lambda: b"", "empty")
    yield _refused("sound alone", "sound.mp4", sound, "not_media")
    yield Case("one frame", "frame.mp4", lambda: film([(0, picture(200))]), "no_match")
    yield _refused("all black", "black.mp4", lambda: film((n, black) for n in range(10 * FPS)), "featureless")


def _large() -> Iterator[Case]:
    def hours() -> bytes:
        frames = ((n * 120_000, picture(300 + n, (48, 40))) for n in range(300))
        return film(frames, fps=1000, options=_QUICK)

    def eight_k() -> bytes:
        frames = ((n, mosaic(700 + n, (7680, 4320), 80)) for n in range(4))
        return film(frames, fps=1, options=_QUICK)

    def sizes(last: range) -> bytes:
        parts = ((_STRANGE, SIZE), (last, (320, 240)))
        return b"".join(film(scenes(seeds, size), container="mpegts") for seeds, size in parts)

    reasons = ("too_many_frames",)
    yield Case("10 hours, 300 frames", "hours.mp4", hours, "not_matchable", reasons, _MOST_LONG_S)
    yield Case("8K (7680 x 4320)", "8k.mp4", eight_k, "no_match")
    yield Case("changes its size, then is listed", "sizes.ts", lambda: sizes(_LISTED), "match")
    yield Case("changes its size", "sizes2.ts", lambda: sizes(range(120, 124)), "no_match")


def _scripts(listener: str) -> Iterator[Case]:
    piece = f"{listener}/piece.ts"
    texts = {
        "playlist to file:": playlist("file:///etc/hostname"),
        "playlist to 169.254.169.254": playlist(METADATA_SERVICE),
        "playlist to a listener here": playlist(piece),
        "concat script to a listener here": concat(piece),
        "DASH manifest to a listener here": manifest(piece),
        "text": TEXT,
    }
    for number, (name, text) in enumerate(texts.items()):
        yield _refused(f"{name}, named .mp4", f"text{number}.mp4", partial(bytes, text), "not_media")


def _lies() -> Iterator[Case]:
    def noise() -> bytes:
        return listed_film()[:40] + np.random.default_rng(5).bytes(1_000_000)

    def avi(codec: str, pixel_format: str) -> bytes:
        return film(scenes(range(2)), codec, "avi", pixel_format=pixel_format)

    def last_box() -> bytes:
        return patched(listed_film(), b"mdat", -4, _GIGANTIC)

    def table(box: bytes, offset_bytes: int) -> bytes:
        return patched(listed_film(_STRANGE), box, offset_bytes, _GIGANTIC)

    yield _refused("random bytes behind a head of MP4", "noise.mp4", noise, "damaged")
    yield _refused("every packet's bits turned over", "bits.mp4", lambda: inverted(listed_film()), "damaged")
    yield _refused(
        "AVI that says 60,000 x 60,000 pixels",
        "wide.avi",
        lambda: oversized_avi(avi("rawvideo", "yuv420p"), 60_000),
        *("too_large", "damaged"),
    )
    yield _refused(
        "PNGs that say 100,000 x 100,000 pixels",
        "png.avi",
        lambda: oversized_png(avi("png", "gray"), 100_000),
        *("too_large", "damaged"),
    )
    yield _refused("MP4 with a box of 2 GiB", "box.mp4", last_box, "damaged")
    yield _refused(
        "MP4 with 2 billion sizes", "sizes.mp4", lambda: table(b"stsz", 8), *("damaged", "out_of_memory")
    )
    yield _refused(
        "MP4 with 2 billion times", "times.mp4", lambda: table(b"stts", 4), *("damaged", "out_of_memory")
    )
    yield _refused("MP4 with a frame of 2 GiB", "frame2.mp4", lambda: table(b"stsz", 12), "damaged")


def _clocks() -> Iterator[Case]:
    def one_moment(seeds: range) -> bytes:
        return timeless(film(scenes(seeds), options=_IN_ORDER))

    def many(container: str) -> bytes:
        pictures = chain.from_iterable([picture(500 + n, (48, 40))] * 40 for n in range(_MANY_FRAMES // 40))
        return film(enumerate(pictures), container=container, fps=30, options=_QUICK | _IN_ORDER)

    def back(seeds: range) -> bytes:
        return backwards(film(scenes(seeds), container="matroska", options=_IN_ORDER))

    yield Case("the listed film, all at one time", "still.mp4", lambda: one_moment(_LISTED), "match")
    yield Case("20,000 frames at one time", "still2.mp4", lambda: timeless(many("mp4")), "no_match")
    yield Case("the listed film, time runs back", "back.mkv", lambda: back(_LISTED), "match")
    yield Case("20,000 frames, time runs back", "back2.mkv", lambda: backwards(many("matroska")), "no_match")
