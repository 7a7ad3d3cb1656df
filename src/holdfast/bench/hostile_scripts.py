"""Texts that name other files and addresses, and are sent as if they were videos."""

from __future__ import annotations

__all__ = ["CONCAT", "DASH", "METADATA_SERVICE", "TEXT", "playlist"]

METADATA_SERVICE = "http://169.254.169.254/latest/"  # where clouds keep a machine's secrets

CONCAT = b"ffconcat version 1.0\nfile '/etc/hostname'\nfile 'http://169.254.169.254/'\n"

DASH = (
    b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
    b"<AdaptationSet><Representation><BaseURL>file:///etc/hostname</BaseURL></Representation>"
    b"</AdaptationSet></Period></MPD>"
)

TEXT = b"This is a letter, not a film.\n" * 100


def playlist(address: str) -> bytes:
    """An HLS playlist of one piece at ``address``."""
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{address}\n#EXT-X-ENDLIST\n".encode()
