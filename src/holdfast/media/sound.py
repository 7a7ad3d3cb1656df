"""A sound as a picture: what frequencies it has, when. Runs inside a decode worker.

Windows of 32 ms give bands 31.25 Hz apart at every sampling rate; those up to 4 kHz, where speech is, are
drawn. So nothing has to be resampled, and no filter graph (which would start threads) is needed.
"""

from __future__ import annotations

from typing import Any, Final

import av
import numpy as np
import numpy.typing as npt
from numpy.fft import rfft

from holdfast.errors import NotMatchableError
from holdfast.media.soundformats import SOUND_CODECS, SOUND_DEMUXERS, sound_format
from holdfast.media.types import Reason, SoundSketch, UInt8Array
from holdfast.media.videofile import MemoryFile, open_container, words

__all__ = ["sketch_sound"]

FloatArray = npt.NDArray[np.float32]

WINDOW_S: Final = 0.032
_AT_ONCE = 64  # windows
_FLOOR_DB = 80.0  # below full scale: black
_LEAST_HZ, _MOST_HZ = 1000, 768_000


def sketch_sound(data: bytes | memoryview, *, max_s: float) -> SoundSketch:
    """The spectrogram of the first ``max_s`` seconds of the sound in ``data``, low tones at the bottom.

    Raises `NotMatchableError` for what holds no sound that can be decoded here.
    """
    name = sound_format(data)
    if name is None:
        raise NotMatchableError(Reason.NOT_MEDIA, "The bytes are of no sound format known here.")
    container = open_container(MemoryFile(data), SOUND_DEMUXERS[name], name, 1, SOUND_CODECS)
    tracks = container.streams.audio
    if not tracks:
        raise NotMatchableError(Reason.NOT_MEDIA, "The file holds no sound.")
    codec = tracks[0].codec_context
    if codec is None or codec.codec.name not in SOUND_CODECS:
        raise NotMatchableError(Reason.NOT_MEDIA, "The sound is in a coding that is not decoded here.")
    codec.thread_count = 1
    bands, is_whole, problem = _Bands(), True, ""
    try:
        for frame in container.decode(tracks[0]):
            is_whole = bands.length_s < max_s and bands.take(frame)
            if not is_whole:
                break
    except (av.FFmpegError, ValueError) as error:
        is_whole, problem = False, words(error)
    picture = bands.picture()
    if picture is None:
        raise NotMatchableError(Reason.DAMAGED, f"No sound of this file could be decoded. {problem}".strip())
    is_whole = is_whole and not (name == "WAV" and 8 + int.from_bytes(data[4:8], "little") > len(data))
    told_s = (container.duration or 0) / av.time_base
    return SoundSketch(picture, max(bands.length_s, told_s) if is_whole else None, len(tracks))


class _Bands:
    """Levels per window and band, gathered from decoded frames."""

    def __init__(self) -> None:
        self._rate_hz = 0
        self._samples = 0
        self._waiting: list[FloatArray] = []
        self._waiting_samples = 0
        self._levels: list[UInt8Array] = []

    @property
    def length_s(self) -> float:
        return self._samples / self._rate_hz if self._rate_hz else 0.0

    def take(self, frame: Any) -> bool:
        """False where the frame does not go on with what came before, or cannot be."""
        rate_hz = self._rate_hz or frame.sample_rate
        if frame.sample_rate != rate_hz or not _LEAST_HZ <= rate_hz <= _MOST_HZ:
            return False
        self._rate_hz = rate_hz
        mono = _mono(frame)
        self._samples += len(mono)
        self._waiting.append(mono)
        self._waiting_samples += len(mono)
        if self._waiting_samples >= _AT_ONCE * self._window:
            self._draw()
        return True

    def picture(self) -> UInt8Array | None:
        """uint8 (bands, at most `SoundSketch.MOST_COLUMNS`): the loudest of what a column covers."""
        if self._waiting_samples:
            self._waiting.append(np.zeros(-self._waiting_samples % self._window, np.float32))
            self._draw()
        if not self._levels:
            return None
        levels = np.concatenate(self._levels)
        columns = min(len(levels), SoundSketch.MOST_COLUMNS)
        starts = np.arange(columns) * len(levels) // columns
        return np.ascontiguousarray(np.maximum.reduceat(levels, starts, 0).T[::-1])

    @property
    def _window(self) -> int:
        return round(self._rate_hz * WINDOW_S)

    def _draw(self) -> None:
        joined = np.concatenate(self._waiting)
        count = len(joined) // self._window
        windows = joined[: count * self._window].reshape(count, self._window)
        self._levels.append(_levels(windows))
        left = joined[count * self._window :]
        self._waiting, self._waiting_samples = [left], len(left)


def _mono(frame: Any) -> FloatArray:
    """Samples as -1 to 1, the mean of all channels."""
    values = frame.to_ndarray()
    kind = values.dtype
    if not frame.format.is_planar:
        values = values.reshape(-1, frame.layout.nb_channels).T
    mixed = values.astype(np.float32).mean(0)
    if kind == np.uint8:
        mixed = (mixed - 128) / 128
    elif kind.kind == "i":
        mixed = mixed / -float(np.iinfo(kind).min)
    sound: FloatArray = np.nan_to_num(mixed).clip(-1, 1).astype(np.float32)
    return sound


def _levels(windows: FloatArray) -> UInt8Array:
    """uint8 (windows, bands): 0 for `_FLOOR_DB` below full scale and less, 255 for full scale."""
    length = windows.shape[1]
    found = np.abs(rfft(windows * np.hanning(length).astype(np.float32), axis=1)) / (length / 4)
    heard = found[:, 1 : SoundSketch.BANDS + 1]
    loud_db = 20 * np.log10(np.maximum(heard, 1e-9))
    made = np.zeros((len(windows), SoundSketch.BANDS), np.uint8)
    made[:, : heard.shape[1]] = ((loud_db / _FLOOR_DB + 1) * 255).clip(0, 255)
    return made
