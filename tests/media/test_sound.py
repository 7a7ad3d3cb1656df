"""Sounds as pictures: every container of the list, what they show, and damaged or foreign bytes."""

from __future__ import annotations

import io
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from holdfast.errors import NotMatchableError
from holdfast.media import DecodePool
from holdfast.media.sound import sketch_sound
from holdfast.media.soundformats import sound_format
from holdfast.media.types import Reason, SoundSketch, VideoLimits
from tests.media.videos import clip, sound

RATE_HZ = 48_000
# Container, encoder, sample format: what browsers play.
KINDS = (
    ("wav", "pcm_s16le", "s16"),
    ("mp3", "libmp3lame", "s16p"),
    ("flac", "flac", "s16"),
    ("ogg", "libopus", "s16"),
    ("webm", "libopus", "s16"),
    ("mp4", "aac", "fltp"),
)


def tones(
    container: str = "wav",
    codec: str = "pcm_s16le",
    kind: str = "s16",
    *,
    seconds: int = 2,
    rate_hz: int = RATE_HZ,
    tracks: int = 1,
) -> bytes:
    """The first half at 500 Hz, the second at 3000 Hz."""
    stream = io.BytesIO()
    with av.open(stream, "w", format=container) as output:
        made = [output.add_stream(codec, rate=rate_hz, layout="mono") for _ in range(tracks)]
        for track in made:
            _play(output, track, kind, seconds, rate_hz)
    return stream.getvalue()


def _play(output: Any, track: Any, kind: str, seconds: int, rate_hz: int) -> None:
    times = np.arange(seconds * rate_hz) / rate_hz
    wave = np.sin(2 * np.pi * np.where(times < seconds / 2, 500, 3000) * times) * 0.5
    samples: Any = wave.astype(np.float32) if kind == "fltp" else (wave * 32767).astype(np.int16)
    step = track.codec_context.frame_size or 1024
    for start in range(0, len(samples), step):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + step], kind, "mono")
        frame.sample_rate, frame.pts = rate_hz, start
        output.mux(track.encode(frame))
    output.mux(track.encode(None))


def loudest_hz(picture: npt.NDArray[np.uint8], share: float) -> float:
    """The frequency of the brightest row, at a share of the length."""
    column = picture[:, int(picture.shape[1] * share)]
    return float((SoundSketch.BANDS - int(column.argmax())) * 31.25)


@pytest.mark.parametrize(("container", "codec", "kind"), KINDS)
def test_a_sound_is_drawn_with_its_tones_and_its_length(container: str, codec: str, kind: str) -> None:
    data = tones(container, codec, kind)
    assert sound_format(data) is not None
    sketch = sketch_sound(data, max_s=60)
    assert sketch.picture.dtype == np.uint8
    assert (len(sketch.picture), sketch.tracks) == (SoundSketch.BANDS, 1)
    assert sketch.duration_s == pytest.approx(2.0, abs=0.15)
    assert loudest_hz(sketch.picture, 0.25) == pytest.approx(500, abs=40)
    assert loudest_hz(sketch.picture, 0.75) == pytest.approx(3000, abs=40)


def test_a_low_rate_a_short_sound_and_silence() -> None:
    low = sketch_sound(tones(rate_hz=8000), max_s=60)
    assert loudest_hz(low.picture, 0.25) == pytest.approx(500, abs=40)
    quiet = bytearray(tones(seconds=2))
    quiet[200:] = bytes(len(quiet) - 200)
    assert not sketch_sound(bytes(quiet), max_s=60).picture[:, 5:].any()
    long = sketch_sound(tones(seconds=60, rate_hz=8000), max_s=100)
    assert long.picture.shape == (SoundSketch.BANDS, SoundSketch.MOST_COLUMNS)


def test_of_what_is_not_all_looked_at_the_length_stays_unknown() -> None:
    assert sketch_sound(tones(), max_s=1.0).duration_s is None
    assert sketch_sound(tones()[: RATE_HZ * 2], max_s=60).duration_s is None  # half of it
    assert sketch_sound(tones("webm", "libopus", "s16", tracks=2), max_s=60).tracks == 2


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"just words, no sound", Reason.NOT_MEDIA),
        (clip(), Reason.NOT_MEDIA),  # a film without a sound track
        (b"RIFF\xff\xff\xff\xffWAVE", Reason.DAMAGED),
        (b"fLaC" + bytes(100), Reason.DAMAGED),
        (b"ID3\x03" + b"\xff" * 300, Reason.DAMAGED),
        (b"\xff\xfb\x90\x00" + bytes(20), Reason.DAMAGED),
    ],
)
def test_what_holds_no_sound_is_told(data: bytes, reason: Reason) -> None:
    with pytest.raises(NotMatchableError) as error:
        sketch_sound(data, max_s=60)
    assert error.value.reason == reason


def test_damage_anywhere_is_an_answer() -> None:
    rng = np.random.default_rng(1)
    for container, codec, kind in KINDS:
        whole = np.frombuffer(tones(container, codec, kind), np.uint8)
        for _ in range(8):
            broken = whole.copy()
            places = rng.integers(0, len(broken), 40)
            broken[places] = rng.integers(0, 256, 40)
            try:
                assert sketch_sound(broken.tobytes(), max_s=60).picture.size
            except NotMatchableError as error:
                assert error.reason in (Reason.DAMAGED, Reason.NOT_MEDIA)


def test_a_worker_draws_it_in_its_sandbox() -> None:
    with DecodePool(workers=1) as pool:
        for container, codec, kind in KINDS:
            sketch = pool.sketch_sound(tones(container, codec, kind), VideoLimits())
            assert loudest_hz(sketch.picture, 0.25) == pytest.approx(500, abs=40)
        assert pool.sketch_sound(sound(), VideoLimits()).tracks == 1
        with pytest.raises(NotMatchableError):
            pool.sketch_sound(b"RIFF\xff\xff\xff\xffWAVE", VideoLimits())
        with pytest.raises(NotMatchableError) as error:
            pool.sketch_sound(tones(), VideoLimits(max_bytes=1000))
        assert error.value.reason == Reason.TOO_LARGE
