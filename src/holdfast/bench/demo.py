"""The demo's work: known photographs into a bank, altered and unrelated ones sent to the service."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.bench.demo_page import write_page
from holdfast.bench.demo_report import DemoReport, report_upload
from holdfast.bench.demo_service import BANK, demo_service
from holdfast.bench.demo_videos import FilmRow, make_films, show_films
from holdfast.bench.edits import EDITS, photograph
from holdfast.bench.filing_home import StandInProcess, has_stand_ins
from holdfast.bench.samples import sample_photographs
from holdfast.client import Client, Context

if TYPE_CHECKING:
    from holdfast.client import Answer

__all__ = ["DemoFiles", "DemoResult", "DemoRow", "make_files", "run_demo"]

SAME, UNRELATED, ALLOWED = "the same file", "unrelated photographs", "allowed by a benign bank"
_VIEWS = {
    "as_is": "as is",
    "orientation": "turned or mirrored",
    "border": "border removed",
    "box": "cut out of a page",
    "uncrop": "crop undone",
    "tilt": "turn undone",
    "zoom": "margin undone",
}


@dataclass(frozen=True, slots=True)
class DemoRow:
    """One uploaded file. ``expected`` is the label of the known photograph in it, "" for an unrelated one.

    Label, distance and view are what staff see of a match; the upload key learned outcome and decision.
    """

    file: str
    edit: str
    expected: str
    outcome: str
    decision: str
    label: str
    distance: int | None
    view: str
    reason: str
    detail: str
    time_ms: float

    @property
    def right(self) -> bool:
        return self.label == self.expected if self.expected else self.outcome != "match"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """Pictures among the demo's: what is known, what a benign bank allows, and what is uploaded.

    ``listed`` is another copy of the allowed one, as a list would have it by mistake. ``uploads`` are (file,
    what was done to it, label of the known photograph in it or "").
    """

    known: tuple[Path, ...]
    listed: Path
    allowed: Path
    uploads: tuple[tuple[Path, str, str], ...]


@dataclass(frozen=True, slots=True)
class DemoResult:
    """All uploaded files and films, the page that shows the files, and the report filed to the stand-in.

    ``report`` is None where there is no stand-in: in an installation without its checkout.
    """

    rows: list[DemoRow]
    known: list[str]
    page: Path
    films: list[FilmRow]
    report: DemoReport | None = None

    header = ("what was done to the photo", "outcome", "decision", "bits apart", "seen as", "ms each")

    @property
    def introduction(self) -> str:
        edits = len({row.edit for row in self.rows})
        return (
            f"The service runs on this machine. {len(self.known)} photographs are in its bank {BANK} "
            f"({', '.join(self.known)}). {len(self.rows)} files are uploaded over HTTP: the known files "
            f"themselves, {edits - 3} kinds of altered copies, unrelated photographs, and one that a benign "
            "bank allows."
        )

    def table(self) -> list[list[str]]:
        """One row for each kind of file, in the order in which they were made."""
        lines = []
        for edit in dict.fromkeys(row.edit for row in self.rows):
            rows = [row for row in self.rows if row.edit == edit]
            distances = sorted({row.distance for row in rows if row.distance is not None})
            spread = f"{distances[0]}-{distances[-1]}" if len(distances) > 1 else "".join(map(str, distances))
            views = ", ".join(sorted({row.view for row in rows if row.view})) or rows[0].reason or "-"
            mean_ms = sum(row.time_ms for row in rows) / len(rows)
            outcomes = _counted(row.outcome.replace("_", " ") for row in rows)
            decisions = _counted(row.decision for row in rows)
            if len({row.decision for row in rows}) == 1:
                decisions = rows[0].decision
            lines.append([edit, outcomes, decisions, spread or "-", views, f"{mean_ms:.1f}"])
        return lines

    @property
    def conclusion(self) -> str:
        altered = [row for row in self.rows if row.expected]
        other = [row for row in self.rows if not row.expected]
        return (
            f"{sum(row.right for row in altered)} of {len(altered)} altered copies found, "
            f"{sum(not row.right for row in other)} of {len(other)} other photographs called known. "
            "Outcome and decision are all that an upload key learns; the rest is for staff. "
            "What no hash of one picture shows (a large logo, half of it cut away) is left to the deep check."
        )


def run_demo(out: Path) -> DemoResult:
    """Runs the demo; pictures and ``index.html`` go to ``out``.

    Raises UnreadableError when the photographs are not installed, HoldfastError when the service does not
    start.
    """
    files = make_files(out)
    known = [*files.known, files.listed]
    with ExitStack() as stack:
        stand_in = stack.enter_context(StandInProcess()) if has_stand_ins() else None
        url = None if stand_in is None else stand_in.url
        service = stack.enter_context(demo_service(known, files.allowed, reports_to=url))
        uploader, staff = stack.enter_context(service.uploader()), stack.enter_context(service.staff())
        uploader.screen(files.allowed, Context(surface="public", country="US"))  # opens connection and worker
        rows = [_upload(uploader, staff, *upload) for upload in files.uploads]
        report = None if url is None else report_upload(uploader, staff, files.known[0])
        films = show_films(staff, BANK, make_films(out))
    page = write_page(out, rows)
    return DemoResult(rows, [path.stem for path in files.known], page, films, report)


def make_files(out: Path) -> DemoFiles:
    """Writes the demo's pictures below ``out``. Raises UnreadableError."""
    known_paths, other_paths = sample_photographs()
    (out / "pictures").mkdir(parents=True, exist_ok=True)
    known = [_store(out, path.stem, path) for path in known_paths]
    others = [_store(out, path.stem, path) for path in other_paths]
    uploads = [(path, SAME, path.stem) for path in known]
    for edit in EDITS:
        for original in known:
            altered = edit.apply(photograph(original.read_bytes()))
            path = _write(out, f"{original.stem}-{edit.name}{edit.suffix}", altered)
            uploads.append((path, edit.words, original.stem))
    uploads += [(path, UNRELATED, "") for path in others[1:]]
    uploads.append((others[0], ALLOWED, ""))
    listed = _write(out, f"{others[0].stem}-listed.jpg", EDITS[1].apply(photograph(others[0].read_bytes())))
    return DemoFiles(tuple(known), listed, others[0], tuple(uploads))


def _upload(uploader: Client, staff: Client, path: Path, edit: str, expected: str) -> DemoRow:
    """Uploads one file as a platform would, and then looks at what was recorded as its staff would."""
    context = Context(content_reference=path.name, surface="public", country="US", original_name=path.name)
    started = time.perf_counter()
    answer = uploader.screen(path, context)
    elapsed_ms = (time.perf_counter() - started) * 1000
    nearest = _nearest(staff, answer)
    return DemoRow(
        str(path),
        edit,
        expected,
        str(answer.outcome),
        _words(answer),
        Path(nearest["label"]).stem if nearest else "",
        nearest["distance_bits"] if nearest else None,
        _VIEWS.get(nearest["view"], nearest["view"]) if nearest else "",
        answer.reason.replace("_", " "),
        answer.detail,
        elapsed_ms,
    )


def _nearest(staff: Client, answer: Answer) -> dict[str, Any] | None:
    """The known entry that came nearest, from the event; None where nothing matched and nothing was kept."""
    if answer.event is None:
        return None
    matches = staff.event(answer.event).facts["facts"]["matches"]
    known = [match for match in matches if match["bank_kind"] == "known"]
    found: dict[str, Any] = min(known, key=lambda match: match["distance_bits"])
    return found


def _words(answer: Answer) -> str:
    decision = answer.decision
    words = "blocked" if decision.block else "held" if decision.quarantine else "allowed"
    if decision.draft_report:
        return f"{words}, report drafted"
    return f"{words} for a person" if decision.quarantine and decision.queue else words


def _counted(words: Iterable[str]) -> str:
    return ", ".join(f"{count} {word}" for word, count in Counter(words).items())


def _store(out: Path, name: str, source: Path) -> Path:
    """A sample photograph as an upright JPEG among the demo's pictures."""
    buffer = io.BytesIO()
    photograph(source.read_bytes()).save(buffer, "JPEG", quality=92)
    return _write(out, f"{name}.jpg", buffer.getvalue())


def _write(out: Path, name: str, data: bytes) -> Path:
    path = out / "pictures" / name
    path.write_bytes(data)
    return path
