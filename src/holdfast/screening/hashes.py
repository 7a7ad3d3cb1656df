"""All fingerprints of one file: digests always, PDQ of a picture and views of it, vPDQ of a video."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.errors import NotMatchableError
from holdfast.hashing.code import Convention
from holdfast.hashing.digest import Digests
from holdfast.hashing.image import MAX_VIEWED_FRAMES, ImageHash, image_hashes
from holdfast.hashing.views.reference import reference_views
from holdfast.hashing.views.small import small_luma
from holdfast.media.pool import DecodePool
from holdfast.media.types import DecodedImage, Reason
from holdfast.screening.reading import FileContent, bytes_content, printable_path, read_file

if TYPE_CHECKING:
    from holdfast.hashing.video import VideoHash
    from holdfast.hashing.videolocal import LocalFeatures
    from holdfast.media.types import VideoLimits
    from holdfast.settings import MediaSettings

__all__ = ["BOTH_CONVENTIONS", "FileHasher", "FileHashes", "ViewHash", "hash_file"]

BOTH_CONVENTIONS = (Convention.FULL, Convention.NEAREST_512)


@dataclass(frozen=True, slots=True)
class ViewHash:
    """The PDQ hash of a view of an original, with words that say which."""

    value: bytes = field(repr=False)
    quality: int
    words: str


@dataclass(frozen=True, slots=True)
class FileHashes:
    """Fingerprints of one file. ``reason`` and ``detail`` say why perceptual hashes are missing.

    ``views`` are of what crops and tilts of the picture would show, for a list of one's own; ``local`` are
    the local features of a video, for the same: they are in no answer.
    """

    file: str
    medium: str
    digests: Digests
    pdq: tuple[ImageHash, ...]
    reason: str = ""
    detail: str = ""
    views: tuple[ViewHash, ...] = ()
    video: VideoHash | None = None
    local: LocalFeatures | None = field(default=None, repr=False)

    def to_json(self, *, with_states: bool = False) -> dict[str, Any]:
        """The object that `hash --json` prints."""
        states = {"states": self._states()} if with_states else {}
        return {
            "file": self.file,
            "medium": self.medium,
            "size_bytes": self.digests.size_bytes,
            "md5": self.digests.md5_hex,
            "sha1": self.digests.sha1_hex,
            "sha256": self.digests.sha256_hex,
            "pdq": [
                {
                    "hash": h.pdq.hex,
                    "quality": h.pdq.quality,
                    "convention": str(h.pdq.convention),
                    "frame": h.frame,
                    "backdrop": h.backdrop,
                }
                for h in self.pdq
            ],
            "vpdq": None if self.video is None else _video_items(self.video),
            **states,
            "reason": self.reason,
            "detail": self.detail,
        }

    def lines(self, *, with_states: bool = False) -> list[str]:
        """For people: the file, then one hash a line."""
        lines = [f"{self.file}: {self.medium}, {self.digests.size_bytes:,} bytes"]
        lines += [f"    md5     {self.digests.md5_hex}", f"    sha1    {self.digests.sha1_hex}"]
        lines.append(f"    sha256  {self.digests.sha256_hex}")
        for one in self.pdq:
            where = f", frame {one.frame}" if one.frame else ""
            where += f", on {one.backdrop}" if one.backdrop else ""
            lines.append(f"    pdq     {one.pdq.hex}  {one.pdq.convention}, quality {one.pdq.quality}{where}")
        if self.video is not None:
            lines.append(f"    vpdq    {len(self.video)} frames: frame,quality,hash,seconds")
            lines += [f"            {line}" for line in _video_lines(self.video)]
            states = self._states() if with_states else None
            if states is not None:
                numbers = " ".join(map(str, states["state"]))
                lines.append(f"    states  within {states['radius_bits']} bits, one of each frame: {numbers}")
        if self.reason:
            has_none = not self.pdq and self.video is None
            lines.append(f"    no PDQ hash to match by: {self.detail}" if has_none else f"    {self.detail}")
        return lines

    def _states(self) -> dict[str, Any] | None:
        """The sidecar of a video's hash: see `holdfast.hashing.videostates`."""
        if self.video is None:
            return None
        from holdfast.hashing.videostates import states_of

        states: dict[str, Any] = json.loads(states_of(self.video).to_json())
        return states


class FileHasher:
    """Hashes files in decode workers, exactly (every pixel decoded). Use as a context manager.

    ``pool`` are workers to share; they stay the caller's. Without it, own ones are started. ``video`` are the
    limits for videos.
    """

    def __init__(
        self, media: MediaSettings, pool: DecodePool | None = None, video: VideoLimits | None = None
    ) -> None:
        self._max_bytes = media.max_bytes
        self._video = video
        self._own_pool = pool is None
        self._pool = pool or DecodePool(media.image_limits(), workers=media.workers)

    def hash_file(
        self, path: Path | str, *, with_views: bool = False, with_local: bool = False
    ) -> FileHashes:
        """Fingerprints of one file. Raises `UnreadableError` when its bytes cannot be had.

        A file that is no picture, or a damaged one, still has its digests; ``reason`` then says why
        there is no PDQ hash. Raises UsageError where local features are wanted and OpenCV is not installed.
        """
        content = read_file(Path(path), self._max_bytes)
        return self._hash(printable_path(path), content, with_views, with_local)

    def hash_bytes(
        self, data: bytes, name: str = "", *, with_views: bool = False, with_local: bool = False
    ) -> FileHashes:
        """Fingerprints of content in memory; ``name`` is only for the answer. See `hash_file`."""
        return self._hash(name, bytes_content(data, self._max_bytes), with_views, with_local)

    def _hash(self, name: str, content: FileContent, with_views: bool, with_local: bool) -> FileHashes:
        digests = content.digests()
        if content.video is not None:
            from holdfast.screening.videohashing import hash_video  # few files are videos

            made = hash_video(self._pool, self._video, content.video, with_local=with_local)
            return FileHashes(
                name, "video", digests, (), made.reason, made.detail, video=made.video, local=made.local
            )
        if content.data is None:
            detail = f"{content.size_bytes} bytes, over the limit of {self._max_bytes}; only digests made"
            return FileHashes(name, "unknown", digests, (), str(Reason.TOO_LARGE), detail)
        try:
            decoded = self._pool.decode_image(content.data, exact=True)
        except NotMatchableError as error:
            medium = "unknown" if error.reason in (Reason.EMPTY, Reason.NOT_MEDIA) else "image"
            return FileHashes(name, medium, digests, (), error.reason, str(error))
        pdq = tuple(image_hashes(decoded, conventions=BOTH_CONVENTIONS))
        reason, detail = str(decoded.incomplete or ""), decoded.incomplete_detail
        if not reason and all(h.pdq.featureless for h in pdq):
            reason, detail = (
                str(Reason.FEATURELESS),
                "too plain for PDQ (quality below 50); digests still match",
            )
        views = _views(decoded) if with_views else ()
        return FileHashes(name, "image", digests, pdq, reason, detail, views)

    def close(self) -> None:
        if self._own_pool:
            self._pool.close()

    def __enter__(self) -> FileHasher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _video_items(video: VideoHash) -> list[str]:
    from holdfast.hashing.videotext import to_json

    items: list[str] = json.loads(to_json(video))
    return items


def _video_lines(video: VideoHash) -> list[str]:
    from holdfast.hashing.videotext import to_text

    return to_text(video).splitlines()


def _views(decoded: DecodedImage) -> tuple[ViewHash, ...]:
    found: dict[bytes, ViewHash] = {}
    for frame in decoded.frames[:MAX_VIEWED_FRAMES]:
        small = small_luma(frame.luma, width=frame.width, height=frame.height)
        if small is not None:
            views = reference_views(small)
            for code, quality, words in zip(views.codes, views.quality.tolist(), views.words, strict=True):
                found.setdefault(code.tobytes(), ViewHash(code.tobytes(), quality, words))
    return tuple(found.values())


def hash_file(path: Path | str) -> FileHashes:
    """Digests and PDQ hashes of one file, with default limits. For many files, keep a `FileHasher`."""
    from holdfast.settings import MediaSettings

    with FileHasher(MediaSettings()) as hasher:
        return hasher.hash_file(path)
