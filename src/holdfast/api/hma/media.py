"""Content that came by form or URL: which type it is, and the hashes that HMA's clients ask for."""

from __future__ import annotations

import io
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from holdfast.api.hma.errors import TOO_LARGE, HmaError
from holdfast.api.hma.signals import chosen_types, content_type
from holdfast.banks.models import VPDQ
from holdfast.errors import FetchFailedError, FetchRefusedError
from holdfast.hashing.digest import digests
from holdfast.media.types import Reason
from holdfast.screening.fetch import Fetcher, FetchPolicy
from holdfast.screening.hashes import FileHashes

if TYPE_CHECKING:
    from holdfast.api.guard import Caller
    from holdfast.api.hma.bodies import Form
    from holdfast.hashing.video import VideoHash
    from holdfast.service.runtime import Runtime

__all__ = [
    "LOOKED_AT",
    "Media",
    "could_not_hash",
    "fetch_media",
    "hash_media",
    "loopback_fetcher",
    "not_checked",
    "signals_of",
    "uploaded",
    "video_text",
]

# Content that was looked at, though not so that a PDQ hash says all of it. Anything else was not decoded.
LOOKED_AT = frozenset({Reason.FEATURELESS, Reason.TOO_SMALL, Reason.TRUNCATED, Reason.TOO_MANY_FRAMES})


@dataclass(frozen=True, slots=True)
class Media:
    """A content, its content type, and the signal types that were asked for. ``is_named``: by their names."""

    kind: str
    types: tuple[str, ...]
    data: bytes = field(repr=False)
    is_named: bool = False


def uploaded(form: Form, types: str | None, enabled: Iterable[str]) -> Media:
    """The one file of a form; the name of its field is the content type. Raises HmaError."""
    if not form.files:
        raise HmaError(400, "Missing multipart/form-data file upload")
    if len(form.files) > 1:
        raise HmaError(400, "Only one file allowed per request")
    file = form.files[0]
    kind = content_type(file.name)
    return Media(kind, chosen_types(kind, types, enabled), file.data, types is not None)


def fetch_media(
    caller: Caller, url: str, kind: str | None, types: str | None, enabled: Iterable[str]
) -> Media:
    """What lies at ``url``; without ``kind`` the server's own word for it counts. Blocks. Raises HmaError."""
    if kind:
        content_type(kind)
    into = io.BytesIO()
    fetcher = caller.request.app.state.hma_fetcher or caller.runtime.fetcher
    try:
        fetched = fetcher.fetch(url, into)
    except FetchRefusedError as error:
        if error.reason == "too_large":
            raise HmaError(413, TOO_LARGE) from error
        raise HmaError(400, "Invalid or unsafe URL provided") from error
    except FetchFailedError as error:
        raise HmaError(400, f"Failed to fetch URL: {error}") from error
    kind = kind or _kind_of(fetched.content_type or "")
    return Media(kind, chosen_types(kind, types, enabled), into.getvalue(), types is not None)


def loopback_fetcher(runtime: Runtime) -> Fetcher:
    """For test mode only: fetches from servers on this machine as well, by http and on any port."""
    fetch = runtime.settings.fetch
    policy = FetchPolicy(
        hosts=("127.0.0.1", *fetch.hosts),
        allow_http=True,
        max_bytes=runtime.settings.media.max_bytes,
        total_s=fetch.total_s,
        connect_s=fetch.connect_s,
        max_redirects=fetch.max_redirects,
    )
    loopback = ipaddress.ip_network("127.0.0.0/8")
    return Fetcher(policy, allow_networks=[loopback], allow_ports=range(1, 65536))


def hash_media(runtime: Runtime, media: Media) -> FileHashes:
    """All hashes of a content; it is only decoded where a PDQ or vPDQ hash was asked for. Blocks.

    Raises HmaError where it cannot be decoded: nothing is known about it then. A video for which nobody named
    vPDQ still has its digests, as in HMA.
    """
    if len(media.data) > runtime.settings.media.max_bytes:
        raise HmaError(413, TOO_LARGE)
    if "pdq" not in media.types and VPDQ not in media.types:
        medium = "video" if media.kind == "video" else "image"
        return FileHashes("", medium, digests(media.data), ())
    hashes = runtime.screener.hasher.hash_bytes(media.data)
    is_seen = hashes.pdq or hashes.video is not None or (media.kind == "video" and not media.is_named)
    if hashes.reason and not is_seen and hashes.reason not in LOOKED_AT:
        raise could_not_hash(media, hashes.reason, hashes.detail)
    return hashes


def signals_of(hashes: FileHashes, types: Iterable[str]) -> dict[str, str]:
    """Signal type -> hash as text, as HMA writes it: "" for the PDQ hash of a picture that is too plain, and
    for the vPDQ hash of a video of which there is none."""
    own = {
        "pdq": next((one.pdq.hex for one in hashes.pdq if not one.pdq.featureless), ""),
        "md5": hashes.digests.md5_hex,
        "video_md5": hashes.digests.md5_hex,
        "sha1": hashes.digests.sha1_hex,
        "sha256": hashes.digests.sha256_hex,
        VPDQ: "" if hashes.video is None or VPDQ not in types else video_text(hashes.video),
    }
    return {name: own[name] for name in types}


def video_text(video: VideoHash) -> str:
    """A vPDQ hash as HMA's library writes it."""
    from holdfast.hashing.videotext import to_json

    return to_json(video)


def could_not_hash(media: Media, reason: str, detail: str) -> HmaError:
    """The error for content that could not be looked at: never to be taken for content that is not known."""
    message = f"Failed to hash {media.kind}: {detail} Nothing is known about it."
    return HmaError(400, message, not_checked("not_matchable", reason))


def not_checked(outcome: str, reason: str) -> dict[str, str]:
    """Headers that say how far a content could be checked, where that was not all of it."""
    return (
        {"holdfast-outcome": outcome, "holdfast-reason": reason} if reason else {"holdfast-outcome": outcome}
    )


def _kind_of(content_type_header: str) -> str:
    for begins, kind in (("image", "photo"), ("video", "video")):
        if content_type_header.lower().startswith(begins):
            return kind
    raise HmaError(
        400,
        f"unsupported url ContentType: '{content_type_header[:100]}', "
        "if you know the expected type, provide it with the content_type query param",
    )
