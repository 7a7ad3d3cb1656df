"""The demo's work: known photographs into a bank, altered and unrelated ones past it, a table and a page."""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from holdfast.bench.demo_page import write_page
from holdfast.bench.edits import EDITS, photograph
from holdfast.bench.samples import sample_photographs

__all__ = ["DemoResult", "DemoRow", "run_demo"]

BANK, BENIGN_BANK = "DEMO_KNOWN", "DEMO_BENIGN"


@dataclass(frozen=True, slots=True)
class DemoRow:
    """One checked file. ``expected`` is the label of the known photograph in it, "" for an unrelated one."""

    file: str
    edit: str
    expected: str
    outcome: str
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
class DemoResult:
    """All checked files, and the page that shows them."""

    rows: list[DemoRow]
    known: list[str]
    page: Path

    header = ("what was done to the photo", "found", "bits apart", "seen as", "ms each")

    @property
    def introduction(self) -> str:
        edits = len({row.edit for row in self.rows})
        return (
            f"{len(self.known)} photographs are in the bank {BANK} ({', '.join(self.known)}). "
            f"{len(self.rows)} files were checked: the known files themselves, {edits - 3} kinds of altered "
            "copies, unrelated photographs, and one that a benign bank allows."
        )

    def table(self) -> list[list[str]]:
        """One row for each kind of file, in the order in which they were made."""
        lines = []
        for edit in dict.fromkeys(row.edit for row in self.rows):
            rows = [row for row in self.rows if row.edit == edit]
            distances = sorted({row.distance for row in rows if row.distance is not None})
            spread = f"{distances[0]}-{distances[-1]}" if len(distances) > 1 else "".join(map(str, distances))
            views = ", ".join(sorted({row.view for row in rows if row.view})) or rows[0].reason or "-"
            found = f"{sum(row.outcome == 'match' for row in rows)} of {len(rows)}"
            lines.append(
                [edit, found, spread or "-", views, f"{sum(r.time_ms for r in rows) / len(rows):.1f}"]
            )
        return lines

    @property
    def conclusion(self) -> str:
        altered = [row for row in self.rows if row.expected]
        other = [row for row in self.rows if not row.expected]
        return (
            f"{sum(row.right for row in altered)} of {len(altered)} altered copies found, "
            f"{sum(not row.right for row in other)} of {len(other)} other photographs called known. "
            "What a plain PDQ list cannot find (captions, screenshots, larger crops) is shown as it is."
        )


def run_demo(out: Path) -> DemoResult:
    """Runs the demo; pictures and ``index.html`` go to ``out``.

    Raises UnreadableError when the photographs are not installed.
    """
    known_paths, other_paths = sample_photographs()
    (out / "pictures").mkdir(parents=True, exist_ok=True)
    known = [_store(out, path.stem, path) for path in known_paths]
    others = [_store(out, path.stem, path) for path in other_paths]
    files = [
        (
            _write(
                out,
                f"{original.stem}-{edit.name}{edit.suffix}",
                edit.apply(photograph(original.read_bytes())),
            ),
            edit.words,
            original.stem,
        )
        for edit in EDITS
        for original in known
    ]
    files = [(path, "the same file", path.stem) for path in known] + files
    files += [(path, "unrelated photographs", "") for path in others[1:]]
    files.append((others[0], "allowed by a benign bank", ""))
    with tempfile.TemporaryDirectory(prefix="holdfast-demo-") as home:
        rows = _check(Path(home), known, others[0], files)
    page = write_page(out, rows)
    return DemoResult(rows, [path.stem for path in known], page)


def _check(home: Path, known: list[Path], allowed: Path, files: list[tuple[Path, str, str]]) -> list[DemoRow]:
    from holdfast.banks.service import create_bank
    from holdfast.screening.adding import add_media
    from holdfast.screening.screener import Screener

    rows = []
    with Screener(home) as screener:
        with screener.database.write() as connection:
            create_bank(connection, BANK, trusted=True)
            create_bank(connection, BENIGN_BANK, kind="benign")
        add_media(screener.database, screener.hasher, BANK, [*known, allowed])
        add_media(screener.database, screener.hasher, BENIGN_BANK, [allowed])
        screener.screen_file(
            allowed
        )  # builds the index, so that the times below are those of a running service
        for path, edit, expected in files:
            started = time.perf_counter()
            outcome = screener.screen_file(path)
            elapsed_ms = (time.perf_counter() - started) * 1000
            best = outcome.matches[0] if outcome.matches else None
            rows.append(
                DemoRow(
                    str(path),
                    edit,
                    expected,
                    outcome.outcome.value,
                    Path(best.label).stem if best else "",
                    best.distance if best else None,
                    best.view if best else "",
                    outcome.reason.replace("_", " "),
                    outcome.detail,
                    elapsed_ms,
                )
            )
    return rows


def _store(out: Path, name: str, source: Path) -> Path:
    """A sample photograph as an upright JPEG among the demo's pictures."""
    import io

    buffer = io.BytesIO()
    photograph(source.read_bytes()).save(buffer, "JPEG", quality=92)
    return _write(out, f"{name}.jpg", buffer.getvalue())


def _write(out: Path, name: str, data: bytes) -> Path:
    path = out / "pictures" / name
    path.write_bytes(data)
    return path
