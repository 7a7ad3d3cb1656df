"""Files and bytes in, outcomes out: media, hashing, matching and banks together.

with Screener(home) as screener:
    outcome = screener.screen_file("photo.jpg")
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from holdfast.banks.models import VPDQ, Bank
from holdfast.banks.resolve import BankMatch, conventions_in_use, resolve
from holdfast.banks.service import get_bank, list_banks
from holdfast.banks.videos import frames_of
from holdfast.decisions.vocabulary import DECISIVE_DISTANCE_BITS, PLAIN_VIEWS
from holdfast.errors import NotMatchableError, UnreadableError
from holdfast.hashing.code import Convention
from holdfast.hashing.image import MAX_VIEWED_FRAMES, QueryHashes, query_hashes
from holdfast.hashing.views.small import SmallLuma, small_luma
from holdfast.media.pool import DecodePool
from holdfast.media.types import DecodedImage, LumaFrame, Reason
from holdfast.records.database import Database
from holdfast.records.home import Home
from holdfast.screening.checked import Checked, Screened, Seen, weight
from holdfast.screening.hashes import FileHasher
from holdfast.screening.home_model import HomeModel
from holdfast.screening.lists import ListIndex, Progress
from holdfast.screening.lookup import GivenHash, look_up
from holdfast.screening.outcome import Outcome, OutcomeKind
from holdfast.screening.reading import FileContent, bytes_content, printable_path, read_file
from holdfast.screening.sighting import Hits, Sighted, collect, nearest_of, sight, sight_given
from holdfast.screening.verdict import verdict
from holdfast.screening.videolist import VideoList
from holdfast.screening.videolocals import LocalList
from holdfast.screening.videolook import Progress as VideoProgress
from holdfast.screening.videolook import look_at_video
from holdfast.screening.videowarmup import warm_up_local_features, warm_up_videos
from holdfast.settings import Settings, load_settings

if TYPE_CHECKING:
    from holdfast.screening.deep import Lumas

__all__ = ["Screener"]

DIGESTS_ONLY = "digests_only"

# What could be looked at, the hashes of it that mean something, and the frames that they are of.
_Looked = tuple[Checked, QueryHashes | None, tuple[LumaFrame, ...]]


class Screener:
    """A home's banks, ready to screen. Thread-safe; starts its decode workers when first needed.

    ``home`` is the state folder (``HOLDFAST_HOME`` or ~/.holdfast when None), made if it is absent.
    ``pool`` are decode workers to share, ``database`` the records; they stay the caller's. With ``follows``
    every check first looks for changes of the lists; without, somebody else calls `refresh` often. Raises
    SettingsError or RecordsError when the home or its records cannot be used.
    """

    def __init__(
        self,
        home: Path | str | None = None,
        *,
        settings: Settings | None = None,
        pool: DecodePool | None = None,
        database: Database | None = None,
        follows: bool = True,
    ) -> None:
        place = Home(Path(home) if home is not None else None)
        self.settings = settings or load_settings(place.path)
        self.home = Home(place.path, database_url=self.settings.database_url)
        self._own_database = database is None
        self.database = database or self.home.database()
        media = self.settings.media
        self._own_pool = pool is None
        self.pool = pool or DecodePool(media.image_limits(), workers=media.workers)
        self.hasher = FileHasher(media, self.pool, self.settings.video.video_limits())
        self.lists = ListIndex(self.database, self.home.index_folder)
        self.videos = VideoList(self.database, self.home.index_folder)
        self.local = LocalList(self.database, self.settings, self.home.path)
        self.model = HomeModel(self.home.path)
        self._follows = follows
        self._lock = threading.Lock()
        self._known_at = -1
        self._conventions: tuple[Convention, ...] = ()
        self._banks: tuple[Bank, ...] = ()

    def screen_file(
        self,
        path: Path | str,
        *,
        banks: Sequence[str] = (),
        deep: bool = False,
        keyframes: bool = False,
        on_progress: VideoProgress | None = None,
    ) -> Outcome:
        """Is this file known? An unreadable one is an outcome too (*error*), so that others go on.

        ``banks`` limits the question to these; benign banks among all others still suppress. ``deep``: what
        matches nothing is looked at from all sides, at once, for the banks that match by calibration.
        ``keyframes`` and ``on_progress`` as in `check`. Raises NotFoundError for a bank that does not exist.
        """
        name = printable_path(path)
        try:
            content = read_file(Path(path), self.settings.media.max_bytes)
        except UnreadableError as error:
            return Outcome(name, "unknown", OutcomeKind.ERROR, "unreadable", str(error))
        return self._screen(content, name, banks, deep, on_progress, keyframes=keyframes)

    def screen_bytes(
        self, data: bytes, name: str = "", *, banks: Sequence[str] = (), deep: bool = False
    ) -> Outcome:
        """Is this content known? ``name`` is only for the answer. See `screen_file`."""
        return self._screen(bytes_content(data, self.settings.media.max_bytes), name, banks, deep)

    def screen_files(
        self, paths: Iterable[Path], *, banks: Sequence[str] = (), deep: bool = False
    ) -> Iterator[Outcome]:
        """Outcomes in the order of ``paths``, several files in work at once."""
        with ThreadPoolExecutor(self.pool.workers, "screen") as threads:
            yield from threads.map(lambda path: self.screen_file(path, banks=banks, deep=deep), paths)

    def check(
        self,
        content: FileContent,
        *,
        name: str = "",
        banks: Sequence[str] = (),
        digests_only: bool = False,
        keep_lumas: bool = False,
        is_direct: bool = False,
        keyframes: bool = False,
        on_progress: VideoProgress | None = None,
    ) -> Screened:
        """The outcome for one content with all that was found, benign entries too: what rules are put to.

        With ``digests_only`` nothing is decoded, and content whose digests are not listed is *not scanned*,
        never *no match*. With ``keep_lumas`` a picture that matches nothing comes with what `check_deeply`
        takes. With ``is_direct`` a video is looked at only as far as somebody can wait for, and with
        ``keyframes`` as `look_at_video` says. ``on_progress`` hears of a video how many seconds were looked
        at, and of how many. Raises NotFoundError for a bank
        that does not exist, UnreadableError for a video that cannot be opened.
        """
        if self._follows:
            self.refresh()
        version = self.lists.position
        if content.video is not None and not digests_only:
            return self._check_video(content, name, banks, is_direct, on_progress, keyframes=keyframes)
        checked, hashes, frames = _digests_alone() if digests_only else self._hash(content)
        values = _digests(content) if self.lists.has_digests else {}
        asked, radius, had_banks = self._asked(banks)
        hits = self._search(hashes, radius)
        listed = self._resolve(hits, values, content.size_bytes)
        listed = _of_banks(listed, asked)
        found, seen = sight(listed, hits, hashes, self.model.current, len(self.lists))
        if hashes is not None and self.videos.bank is not None:
            self._add_frame_hits(hashes, asked, found, seen)
        outcome = verdict(name, found, seen, replace(checked, had_banks=had_banks))
        lumas = _lumas(frames) if keep_lumas and _is_open(outcome, found) else ()
        outcome = replace(outcome, size_bytes=content.size_bytes)
        return Screened(outcome, tuple(found), seen, _first_code(hashes), version, lumas)

    def check_deeply(
        self, uploads: Sequence[Lumas], banks: Sequence[Collection[int]], *, name: str = ""
    ) -> list[Screened]:
        """For each upload what all its views come to, in one pass over the lists as of the last refresh.

        ``banks`` gives for each the ids of the banks of known content that may match it; benign ones always
        may. The outcome is *no match* where nothing is near.
        """
        from holdfast.screening.deep import check_deeply  # nothing that answers uploads loads it

        version = self.lists.position
        answers = []
        found = check_deeply(self.lists, self.database, self.model.current, uploads)
        for sighted, asked in zip(found, banks, strict=True):
            kept = [match for match in sighted.found if match.kind == "benign" or match.bank_id in asked]
            outcome = verdict(name, kept, sighted.seen, Checked("image", None, ""))
            outcome = replace(outcome, deep_check="done")
            answers.append(Screened(outcome, tuple(kept), sighted.seen, b"", version))
        return answers

    def calibrated(self, names: Sequence[str] = ()) -> list[Bank]:
        """The banks of known content that are on and match by calibration, of these ``names`` or of all."""
        return [
            bank
            for bank in self._banks
            if bank.enabled and bank.kind == "known" and bank.matching == "calibrated"
            if not names or bank.name in names
        ]

    def look_up(
        self,
        hashes: Sequence[GivenHash],
        *,
        bank_ids: Sequence[int] | None = None,
        include_disabled: bool = False,
    ) -> list[Sighted]:
        """For each ready hash its matches, weightiest first. One pass through the index for all of them.

        ``include_disabled`` also gives matches of banks and entries that are switched off.
        """
        if self._follows:
            self.refresh()
        if any(given.algorithm == VPDQ for given in hashes):
            return [
                self._look_up_video(given, bank_ids, include_disabled)
                if given.algorithm == VPDQ
                else self.look_up([given], bank_ids=bank_ids, include_disabled=include_disabled)[0]
                for given in hashes
            ]
        radius = max((bank.max_distance_bits for bank in self._banks), default=0)
        found = look_up(
            self.database, self.lists, hashes, radius, bank_ids=bank_ids, include_disabled=include_disabled
        )
        values = [given.value for given in hashes]
        return sight_given(found, values, self.model.current, len(self.lists))

    def may_match(self, given: GivenHash) -> bool:
        """Whether `look_up` may find anything for one hash; False is certain. Only looks into memory."""
        if given.algorithm == VPDQ:
            return self.videos.bank is not None
        if given.algorithm != "pdq":
            return self.lists.may_hold({given.algorithm: given.value})
        code = np.frombuffer(given.value, np.uint8).reshape(1, -1)
        radius = max((bank.max_distance_bits for bank in self._banks), default=0)
        return len(self.lists.search(code, radius)[0]) > 0

    def refresh(self, progress: Progress = lambda _: None) -> None:
        """Takes in what has changed in the banks since."""
        with self._lock:
            self.model.refresh()
            self.lists.refresh(progress)
            self.videos.refresh()
            with self.database.read() as connection:
                self._banks = tuple(list_banks(connection))
                if self._known_at != self.lists.position:
                    wanted = conventions_in_use(connection)
                    both = (Convention.FULL, Convention.NEAREST_512)
                    self._conventions = tuple(one for one in both if one in wanted)
                    self._known_at = self.lists.position

    def warm_up(self) -> None:
        """Starts the decode workers and loads what the first upload would otherwise wait for."""
        self.pool.sandbox_status()
        luma = np.full((96, 128), 255, np.uint8)  # a page with a picture on it: both are looked for
        luma[16:80, 16:112] = np.add.outer(np.arange(64), np.arange(96))
        hashes = query_hashes(DecodedImage("warm-up", "L", (LumaFrame(luma, 128, 96),)))
        self.lists.search(hashes.codes, 0)
        # Beside the rest: who matches something in this moment waits for it, and nobody else does.
        threading.Thread(target=self._warm_up_rest, name="warm-up", daemon=True).start()

    def _warm_up_rest(self) -> None:
        self.model.warm_up()
        if self.videos.bank is not None:
            warm_up_videos()
            if self.local.current(self.videos.position) is not None:
                warm_up_local_features()

    @property
    def has_known_banks(self) -> bool:
        """Whether there is anything to compare with: a bank of known content that is switched on."""
        return any(bank.enabled and bank.kind == "known" for bank in self._banks)

    def close(self) -> None:
        if self._own_pool:
            self.pool.close()
        if self._own_database:
            self.database.close()

    def __enter__(self) -> Screener:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _asked(self, names: Sequence[str]) -> tuple[list[int], int, bool]:
        """Ids of the banks asked for, the widest radius of all, and whether there is one to compare with."""
        asked: list[int] = []
        if names:
            with self.database.read() as connection:
                asked = [get_bank(connection, name).id for name in names]
        enabled = [bank for bank in self._banks if bank.enabled]
        radius = max((bank.max_distance_bits for bank in enabled), default=0)
        had_banks = any(bank.kind == "known" and (not asked or bank.id in asked) for bank in enabled)
        return asked, radius, had_banks

    def _resolve(self, hits: Hits, values: dict[str, bytes], size_bytes: int) -> list[BankMatch]:
        """The matches behind hits and digests. The records are only asked where there may be one."""
        listed = self.lists.may_hold(values)
        if not hits and not listed:
            return []
        with self.database.read() as connection:
            return resolve(connection, nearest_of(hits), values if listed else None, size_bytes=size_bytes)

    def _check_video(
        self,
        content: FileContent,
        name: str,
        banks: Sequence[str],
        is_direct: bool,
        on_progress: VideoProgress | None,
        *,
        keyframes: bool,
    ) -> Screened:
        from holdfast.screening.videosight import nearest_in, sight_video  # with kernels of its own

        assert content.video is not None  # noqa: S101  (the caller asked)
        version = self.lists.position
        asked, _, had_banks = self._asked(banks)
        video = self.settings.video
        limits = video.direct_limits() if is_direct else video.video_limits()
        look = look_at_video(
            self.pool,
            limits,
            content.video,
            self.videos.bank,
            self.lists,
            on_progress,
            keyframes=keyframes,
            local=self.local.current(self.videos.position),
        )
        values = _digests(content) if self.lists.has_digests else {}
        with self.database.read() as connection:
            listed = resolve(
                connection,
                nearest_in(look),
                values if self.lists.may_hold(values) else None,
                size_bytes=content.size_bytes,
                at_any_distance=True,
            )
            hashes = frames_of(connection, [find.video_id for find in look.finds])
        listed = _of_banks(listed, asked)
        found, seen = sight_video(listed, look, hashes, self.model.current, len(self.lists))
        outcome = verdict(name, found, seen, replace(look.checked, had_banks=had_banks))
        outcome = replace(outcome, size_bytes=content.size_bytes)
        cut_short = look.checked.reason in (Reason.TOO_MANY_FRAMES, Reason.TOO_SLOW)
        is_unfinished = cut_short and limits != video.video_limits()
        return Screened(outcome, tuple(found), seen, b"", version, is_unfinished=is_unfinished)

    def _look_up_video(
        self, given: GivenHash, bank_ids: Sequence[int] | None, include_disabled: bool
    ) -> Sighted:
        from holdfast.hashing.videoblob import unpack
        from holdfast.screening.videolookup import look_up_video  # with kernels of its own

        bank = self.videos.bank
        if bank is None:
            return Sighted([], {})
        return look_up_video(
            self.database,
            bank,
            unpack(given.value),
            bank_ids=bank_ids,
            include_disabled=include_disabled,
        )

    def _add_frame_hits(
        self, hashes: QueryHashes, asked: Sequence[int], found: list[BankMatch], seen: dict[int, Seen]
    ) -> None:
        """To what was found of a picture: the listed videos that show it."""
        plain = [hashes.view(row).family in PLAIN_VIEWS for row in range(len(hashes))]
        rows = np.flatnonzero(hashes.matchable & np.array(plain))
        near = self.videos.frames_near(hashes.codes[rows], DECISIVE_DISTANCE_BITS)
        if not near:
            return
        from holdfast.screening.videosight import sight_frame_hits

        hits = {video_id: replace(hit, row=int(rows[hit.row])) for video_id, hit in near.items()}
        with self.database.read() as connection:
            listed = resolve(connection, [(video_id, hit.distance_bits) for video_id, hit in hits.items()])
        sighted = sight_frame_hits(_of_banks(listed, asked), hits, hashes)
        found += sighted.found
        seen.update(sighted.seen)
        found.sort(key=lambda match: weight(match, seen))

    def _screen(
        self,
        content: FileContent,
        name: str,
        banks: Sequence[str],
        deep: bool,
        on_progress: VideoProgress | None = None,
        *,
        keyframes: bool = False,
    ) -> Outcome:
        try:
            screened = self.check(
                content,
                name=name,
                banks=banks,
                keep_lumas=deep,
                keyframes=keyframes,
                on_progress=on_progress,
            )
        except UnreadableError as error:
            return Outcome(name, "unknown", OutcomeKind.ERROR, "unreadable", str(error))
        asked = [bank.id for bank in self.calibrated(banks)] if screened.lumas else []
        if not asked:
            return screened.outcome
        (deeper,) = self.check_deeply([screened.lumas], [asked], name=name)
        if deeper.outcome.outcome is OutcomeKind.NO_MATCH:
            return replace(screened.outcome, deep_check="done")
        return replace(deeper.outcome, size_bytes=content.size_bytes)

    def _hash(self, content: FileContent) -> _Looked:
        if content.data is None:
            detail = f"{content.size_bytes:,} bytes, the limit is {self.settings.media.max_bytes:,}"
            detail = f"Not matchable: {detail}. Nothing was decoded."
            return Checked("unknown", Reason.TOO_LARGE, detail), None, ()
        try:
            decoded = self.pool.decode_image(content.data)
        except NotMatchableError as error:
            medium = "unknown" if error.reason in (Reason.EMPTY, Reason.NOT_MEDIA) else "image"
            return Checked(medium, Reason(error.reason), str(error)), None, ()
        # With no PDQ hash in any bank the hashes are still made: a featureless picture must say so.
        # Views of edited pictures cost as much as decoding; only banks that match by calibration take them.
        hashes = query_hashes(
            decoded, conventions=self._conventions or (Convention.FULL,), views=bool(self.calibrated())
        )
        if len(hashes) == 0:
            detail = "Not matchable: under 5 pixels high or wide."
            return Checked("image", Reason.TOO_SMALL, detail), None, ()
        if not hashes.matchable.any():
            detail = "Not matchable: too plain for a perceptual hash. Equal files would still be found."
            return Checked("image", Reason.FEATURELESS, detail), None, ()
        return Checked("image", decoded.incomplete, decoded.incomplete_detail), hashes, decoded.frames

    def _search(self, hashes: QueryHashes | None, radius: int) -> Hits:
        """What lies within the radius of any of the query's hashes that mean something."""
        if hashes is None:
            return {}
        wanted = np.flatnonzero(hashes.matchable)
        rows, ids, bits = self.lists.search(hashes.codes[wanted], radius)
        return collect(wanted[rows], ids, bits)


def _of_banks(listed: list[BankMatch], asked: Sequence[int]) -> list[BankMatch]:
    """Those of the banks asked for, and benign ones; all where none was named."""
    if not asked:
        return listed
    return [match for match in listed if match.bank_id in asked or match.kind == "benign"]


def _digests(content: FileContent) -> dict[str, bytes]:
    digests = content.digests()
    return {"md5": digests.md5, "sha1": digests.sha1, "sha256": digests.sha256}


def _digests_alone() -> _Looked:
    detail = "Only digests were compared, and none is listed; altered copies were not looked for."
    return Checked("unknown", DIGESTS_ONLY, detail), None, ()


def _is_open(outcome: Outcome, found: Sequence[BankMatch]) -> bool:
    """Whether more looking could change the answer: nothing matched, and no benign entry covers it.

    Of a picture that is cut short there may be enough to find it by.
    """
    is_cleared = bool(outcome.suppressed) or any(match.exact for match in found if match.kind == "benign")
    return outcome.outcome in (OutcomeKind.NO_MATCH, OutcomeKind.NOT_MATCHABLE) and not is_cleared


def _lumas(frames: Sequence[LumaFrame]) -> tuple[tuple[int, SmallLuma], ...]:
    """What the deep check takes of a picture, or of the first frames of an animation."""
    small = [
        (frame.index, small_luma(frame.luma, width=frame.width, height=frame.height))
        for frame in frames[:MAX_VIEWED_FRAMES]
    ]
    return tuple((index, luma) for index, luma in small if luma is not None)


def _first_code(hashes: QueryHashes | None) -> bytes:
    """The content's own PDQ hash as it is, b"" where it has none: for the watch on probing."""
    if hashes is None:
        return b""
    return bytes(hashes.codes[int(np.flatnonzero(hashes.matchable)[0])])
