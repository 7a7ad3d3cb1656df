"""Which container with sound some bytes are in, from their first bytes alone: a closed list."""

from __future__ import annotations

from holdfast.media.videoformats import video_format

__all__ = ["SOUND_CODECS", "SOUND_DEMUXERS", "sound_format"]

# Our name: FFmpeg's demuxer.
SOUND_DEMUXERS = {
    "WAV": "wav",
    "MP3": "mp3",
    "FLAC": "flac",
    "OGG": "ogg",
    "MP4": "mov",  # M4A too
    "MATROSKA": "matroska",  # WebM too
}

# FFmpeg's decoders: what browsers play.
SOUND_CODECS = frozenset(
    (
        *("mp3", "mp3float", "opus", "libopus", "vorbis", "flac", "aac", "alac"),
        *("pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_alaw", "pcm_mulaw"),
    )
)

_STARTS = ((b"fLaC", "FLAC"), (b"ID3", "MP3"))


def sound_format(data: bytes | memoryview) -> str | None:
    """The container of ``data``, one of `SOUND_DEMUXERS`, or None. It may turn out to hold no sound."""
    head = bytes(data[:16])
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "WAV"
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    if _is_mp3_frame(head):
        return "MP3"
    container = video_format(data)
    return container if container in SOUND_DEMUXERS else None


def _is_mp3_frame(head: bytes) -> bool:
    """Sync, layer III, a bitrate and a sampling rate that exist. Source: ISO/IEC 11172-3, 2.4.1.3."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    return head[1] & 0x18 != 0x08 and head[2] >> 4 not in (0, 15) and head[2] & 0x0C != 0x0C
