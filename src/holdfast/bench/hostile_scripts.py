"""Texts that name other files and addresses, and are sent as if they were videos."""

from __future__ import annotations

__all__ = ["METADATA_SERVICE", "TEXT", "concat", "manifest", "playlist"]

METADATA_SERVICE = "http://169.254.169.254/latest/"  # where clouds keep a machine's secrets

TEXT = b"This is a letter, not a film.\n" * 100


def playlist(address: str) -> bytes:
    """An HLS playlist of one piece at ``address``."""
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{address}\n#EXT-X-ENDLIST\n".encode()


def concat(address: str) -> bytes:
    """A script of FFmpeg's that joins a file of this machine and what is at ``address``."""
    return f"ffconcat version 1.0\nfile '/etc/hostname'\nfile '{address}'\n".encode()


def manifest(address: str) -> bytes:
    """A DASH manifest of one piece at ``address``."""
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
        f"<AdaptationSet><Representation><BaseURL>{address}</BaseURL></Representation>"
        "</AdaptationSet></Period></MPD>"
    ).encode()
