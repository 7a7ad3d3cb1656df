"""The page of `bench images --edits`: recall by edit and by radius, strangers, and examples of misses."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.bench.edits import CORE_EDITS, MORE_EDITS, edited_jpeg, photograph

if TYPE_CHECKING:
    from holdfast.bench.edited import Result
    from holdfast.bench.edited_cases import Case

__all__ = ["write_page"]

_MISSES = 24
_COLOURS = {
    "peer": "#8a8f98",
    "phash": "#6d5f4b",
    "plain": "#b07d2b",
    "fast": "#2f6fb0",
    "deep": "#1c6b4a",
    "own": "#8c3f7d",
}
_NAMES = {
    "peer": "Pillow + pdqhash, 31 bits",
    "phash": "perception PHash, 5 of 64 bits",
    "plain": "plain PDQ, 31 bits",
    "fast": "fast path",
    "deep": "with the deep path",
    "own": "with reference-side views",
}
_STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --paper: #f6f5f1; --line: #d9d6cd; --quiet: #66707a }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e3da; --paper: #15191e; --line: #333c46;
  --quiet: #9aa5af } }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper) }
main { max-width: 70rem; margin: 0 auto; padding: 2rem 1.25rem 4rem }
table { border-collapse: collapse } td, th { padding: .2rem .8rem .2rem 0; text-align: right }
td:first-child, th:first-child { text-align: left } tr { border-bottom: 1px solid var(--line) }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif } .quiet { color: var(--quiet) }
.misses { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .8rem }
figure { margin: 0 } figure img { width: 100%; height: 10rem; object-fit: contain }
"""


def write_page(
    page: Path, result: Result, rows: Sequence[Mapping[str, Any]], paths: Mapping[str, Path]
) -> None:
    """Writes one HTML file that needs no network and no script."""
    machine = html.escape(str(rows[0]["machine"]))
    page.write_text(
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'><title>Edited photographs</title>"
        f"<style>{_STYLE}</style></head><body><main>\n<h1>Edited photographs</h1>\n"
        f"<p class='quiet'>{machine}. {len(result.measured)} photographs were edited and looked for among "
        f"{len(result.tuning)} others of the tuning part and themselves.</p>\n"
        f"{_table(rows)}\n<h2>Recall over the 17 edits, by radius</h2>\n{_plot(result)}\n"
        "<p class='quiet'>Of refined scores for the last two, without regard to how regular a pair is.</p>\n"
        f"<h2>Rules, strangers, speed</h2>\n{_facts(rows)}\n"
        f"<h2>Missed by the deep path</h2>\n<div class='misses'>{_misses(result, paths)}</div>\n"
        f"<h2>Split</h2>\n<p class='quiet'>Measured: {html.escape(', '.join(result.measured))}</p>\n"
        f"<p class='quiet'>Tuning: {html.escape(', '.join(result.tuning))}</p>\n</main></body></html>\n",
        encoding="utf-8",
    )


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    told = next(row for row in rows if str(row.get("measure", "")).startswith("recall, "))
    methods = [method for method in _NAMES if method in told]
    head = "".join(f"<th>{html.escape(_NAMES[method])}</th>" for method in methods)
    lines = []
    for row in rows:
        words = str(row.get("measure", ""))
        if words.startswith("recall, "):
            cells = "".join(f"<td>{row[method]:.2f}</td>" for method in methods)
            lines.append(f"<tr><td>{html.escape(words[len('recall, ') :])}</td>{cells}</tr>")
    return f"<table><tr><th>edit</th>{head}</tr>{''.join(lines)}</table>"


def _facts(rows: Sequence[Mapping[str, Any]]) -> str:
    """All rows that are not recalls."""
    lines = []
    for row in rows[2:]:
        words = str(row["measure"])
        if not words.startswith("recall"):
            told = "; ".join(f"{key}: {value}" for key, value in row.items() if key != "measure")
            lines.append(f"<li>{html.escape(words)}: {html.escape(told)}</li>")
    return f"<ul>{''.join(lines)}</ul>"


def _plot(result: Result) -> str:
    """Recall, 0 to 1, over the radius, 0 to 80 bits."""
    width, height, left, base = 720, 300, 40, 270
    parts = [
        f"<svg viewBox='0 0 {width} {height + 20}' width='{width}' role='img' aria-label='recall by radius'>"
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = base - 250 * share
        parts.append(
            f"<line x1='{left}' x2='{width}' y1='{y}' y2='{y}' stroke='currentColor' opacity='.15'/>"
        )
        parts.append(f"<text x='4' y='{y + 4}'>{share:.2f}</text>")
    parts += [f"<text x='{left + 8 * bits}' y='{base + 18}'>{bits}</text>" for bits in range(0, 81, 10)]
    for number, method in enumerate(result.methods):
        points = " ".join(
            f"{left + 8 * radius},{base - 250 * result.recall_within(CORE_EDITS, method, radius):.1f}"
            for radius in range(0, 81, 2)
        )
        parts.append(
            f"<polyline points='{points}' fill='none' stroke='{_COLOURS[method]}' stroke-width='2'/>"
        )
        style = f"style='fill:{_COLOURS[method]}'"
        parts.append(f"<text x='{left + 10}' y='{32 + 16 * number}' {style}>{_NAMES[method]}</text>")
    return "".join(parts) + "</svg>"


def _misses(result: Result, paths: Mapping[str, Path]) -> str:
    """Up to 24 of them, of as many edits as possible."""
    missed = sorted(
        (case for case in result.cases if not result.is_found(case, "deep")),
        key=lambda case: (case.photo, case.edit),
    )
    chosen: list[Case] = []
    while missed and len(chosen) < _MISSES:
        seen = [case.edit for case in chosen]
        chosen.append(min(missed, key=lambda case: seen.count(case.edit)))
        missed.remove(chosen[-1])
    return "".join(_figure(case, result, paths) for case in chosen)


def _figure(case: Case, result: Result, paths: Mapping[str, Path]) -> str:
    edit = next(edit for edit in (*CORE_EDITS, *MORE_EDITS) if edit.name == case.edit)
    number = result.measured.index(case.photo)
    others = [result.measured[(number + step) % len(result.measured)] for step in (1, 2, 3)]
    beside = [photograph(paths[name].read_bytes()) for name in others]
    data = edited_jpeg(edit, photograph(paths[case.photo].read_bytes()), case.photo, beside)
    picture = photograph(data, max_side=320)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=60)
    source = base64.b64encode(buffer.getvalue()).decode("ascii")
    score = case.deep.score_bits
    near = "no view near" if score > 256 else f"{score:.0f} bits, {case.deep.expected:.0e} expected"
    return (
        f"<figure><img alt='{html.escape(edit.words)}' src='data:image/jpeg;base64,{source}'>"
        f"<figcaption>{html.escape(edit.words)}: {near}</figcaption></figure>"
    )
