"""The demo's films: a camera's way over photographs, listed by vPDQ, edited, and uploaded."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from holdfast.bench.edits import photograph
from holdfast.bench.samples import sample_photographs
from holdfast.bench.video.clips import Clip, encoded
from holdfast.client import Client, Context

__all__ = ["DemoFilms", "FilmRow", "make_films", "show_films"]

FPS = 10
SIZE = (320, 240)
LABEL = "the film"
_WINDOW = 0.5  # of each side of a photograph, that a shot shows
_SHOTS = ((0.05, 0.1), (0.9, 0.2), (0.3, 0.9))  # where a shot begins: shares of what is left beside it
_DRIFT = 0.12  # of what is left, that the camera moves during a shot of a second

Edit = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True, slots=True)
class DemoFilms:
    """A film to list, and films to upload with what was done to them."""

    known: Path
    uploads: tuple[tuple[Path, str], ...]


@dataclass(frozen=True, slots=True)
class FilmRow:
    """What came of one film; times in seconds, None where nothing was found."""

    edit: str
    outcome: str
    decision: str
    view: str
    query_start_s: float | None
    query_end_s: float | None
    ref_start_s: float | None
    ref_end_s: float | None
    score: float | None
    time_ms: float

    header = (
        "what was done to the film",
        "outcome",
        "in the upload",
        "in the film",
        "seen as",
        "score",
        "ms",
    )

    def cells(self) -> list[str]:
        """For the table."""
        found = self.score is not None
        return [
            self.edit,
            self.outcome.replace("_", " "),
            f"{self.query_start_s:.1f}-{self.query_end_s:.1f} s" if found else "-",
            f"{self.ref_start_s:.1f}-{self.ref_end_s:.1f} s" if found else "-",
            self.view or "-",
            f"{self.score:.0f}" if found else "-",
            f"{self.time_ms:.0f}",
        ]


def make_films(out: Path) -> DemoFilms:
    """Writes the films below ``out``. Raises UnreadableError where the photographs are not installed."""
    _, others = sample_photographs()
    folder = out / "films"
    folder.mkdir(parents=True, exist_ok=True)
    film = [picture for path in others[:3] for picture in _shots(path)]
    strange = [picture for path in others[3:] for picture in _shots(path)]
    edits: tuple[tuple[str, Edit], ...] = (
        ("saved again at half size", lambda image: image.resize((160, 120))),
        ("mirrored", ImageOps.mirror),
        ("in a black frame", lambda image: ImageOps.expand(image, (60, 30), 0)),
        ("cropped by a tenth", lambda image: ImageOps.crop(image, 16).resize(SIZE)),
        ("with a caption", _captioned),
    )
    uploads = [
        (_write(folder, f"edit{number}", [edit(image) for image in film]), words)
        for number, (words, edit) in enumerate(edits)
    ]
    piece = [ImageOps.mirror(image) for image in film[2 * FPS : 7 * FPS]]
    compilation = _write(folder, "compilation", [*strange, *piece, *strange[::-1]])
    uploads.append((compilation, "5 s of it, mirrored, in a compilation"))
    uploads.append((_write(folder, "other", strange), "another film"))
    return DemoFilms(_write(folder, "known", film), tuple(uploads))


def show_films(staff: Client, bank: str, films: DemoFilms) -> list[FilmRow]:
    """Lists the film and uploads the others, with a key that may see where they match."""
    staff.add_media(bank, films.known, LABEL)
    return [_upload(staff, path, words) for path, words in films.uploads]


def _upload(staff: Client, path: Path, words: str) -> FilmRow:
    begun = time.perf_counter()
    context = Context(content_reference=path.name, surface="public", country="US")
    answer = staff.screen(path, context)
    took_ms = (time.perf_counter() - begun) * 1000
    match = answer.matches[0] if answer.matches else None
    decision = "held" if answer.decision.quarantine else "allowed"
    if match is None:
        return FilmRow(words, str(answer.outcome), decision, "", None, None, None, None, None, took_ms)
    return FilmRow(
        words,
        str(answer.outcome),
        decision,
        match.view,
        match.query_start_s,
        match.query_end_s,
        match.ref_start_s,
        match.ref_end_s,
        match.score,
        took_ms,
    )


def _shots(path: Path) -> list[Image.Image]:
    """A second for each shot: a window that drifts over a photograph."""
    image = photograph(path.read_bytes()).convert("RGB")
    width, height = (int(side * _WINDOW) for side in image.size)
    free_x, free_y = image.width - width, image.height - height
    pictures = []
    for at_x, at_y in _SHOTS:
        for number in range(FPS):
            moved = _DRIFT * number / FPS * (1 if at_x < 0.5 else -1)
            left, top = int((at_x + moved) * free_x), int(at_y * free_y)
            pictures.append(image.crop((left, top, left + width, top + height)).resize(SIZE))
    return pictures


def _captioned(image: Image.Image) -> Image.Image:
    page = ImageOps.expand(image, (0, 0, 0, 40), "white")
    ImageDraw.Draw(page).text((12, image.height + 12), "you have to see this one", fill="black")
    return page


def _write(folder: Path, name: str, pictures: Sequence[Image.Image]) -> Path:
    path = folder / f"{name}.mp4"
    path.write_bytes(encoded(Clip(tuple(pictures), fps=FPS)))
    return path
