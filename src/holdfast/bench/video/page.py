"""The page of ``bench video``: recall by edit, scores of copies and of strangers, what was missed."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.bench.video.cases import Case
from holdfast.matching.video.judge import MATCH_DECADES, POSSIBLE_DECADES

__all__ = ["write_page"]

_COLUMNS = ("match", "any tier", "vPDQ any frame", "vPDQ HMA", "vPDQ README")
_STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --paper: #f6f5f1; --line: #d9d6cd; --quiet: #66707a;
  --own: #1c6b4a; --peer: #b07d2b }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e3da; --paper: #15191e; --line: #333c46;
  --quiet: #9aa5af; --own: #57b98c; --peer: #d6a556 } }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper) }
main { max-width: 72rem; margin: 0 auto; padding: 2rem 1.25rem 4rem }
table { border-collapse: collapse } td, th { padding: .15rem .8rem .15rem 0; text-align: right }
td:first-child, th:first-child { text-align: left } tr { border-bottom: 1px solid var(--line) }
svg { max-width: 100% } svg text { fill: var(--ink); font: 11px system-ui, sans-serif }
.quiet { color: var(--quiet) }
"""


def write_page(page: Path, cases: Sequence[Case], rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes one HTML file that needs no network and no script."""
    split = next(row for row in rows if row.get("measure") == "split")
    edited = ", ".join(split["sources edited"])
    rest = [row for row in rows[2:] if not str(row["measure"]).startswith(("recall, ", "macro"))]
    page.write_text(
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'><title>Edited videos</title>"
        f"<style>{_STYLE}</style></head><body><main>\n<h1>Edited videos</h1>\n"
        f"<p class='quiet'>{html.escape(str(rows[0]['machine']))}. Part: {split['part']}; "
        f"{split['clips edited']} clips of {len(split['sources edited'])} sources were edited and looked for "
        f"among {split['files listed']} files of {split['sources listed']} sources.</p>\n"
        f"<h2>Found as a match, by edit</h2>\n{_bars(rows)}\n{_table(rows)}\n"
        f"<h2>Scores of copies and of strangers</h2>\n{_scores(cases)}\n"
        f"<h2>All the rest</h2>\n<table>{''.join(map(_line, rest))}</table>\n"
        f"<h2>Sources edited</h2>\n<p class='quiet'>{html.escape(edited)}</p>\n</main></body></html>\n",
        encoding="utf-8",
    )


def _recalls(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [row for row in rows if str(row.get("measure", "")).startswith("recall, ")]


def _bars(rows: Sequence[Mapping[str, Any]]) -> str:
    """For each edit our recall with its interval, and vPDQ's with any frame."""
    found = _recalls(rows)
    height = 18 * len(found) + 24
    parts = [f"<svg viewBox='0 0 760 {height}' width='760' role='img' aria-label='recall by edit'>"]
    for number, row in enumerate(found):
        y = 18 * number + 4
        words = html.escape(str(row["measure"])[len("recall, ") :])
        at = [260 + 460 * float(row[key]) for key in ("low", "high")]
        parts.append(
            f"<text x='250' y='{y + 10}' text-anchor='end'>{words}</text>"
            f"<rect x='260' y='{y}' width='{460 * float(row['match']):.1f}' height='8' fill='var(--own)'/>"
            f"<rect x='260' y='{y + 8}' width='{460 * float(row['vPDQ any frame']):.1f}' height='4' "
            f"fill='var(--peer)'/>"
            f"<line x1='{at[0]:.1f}' x2='{at[1]:.1f}' y1='{y + 4}' y2='{y + 4}' stroke='var(--ink)'/>"
        )
    parts.append(f"<text x='260' y='{height - 6}'>0</text><text x='705' y='{height - 6}'>100 %</text></svg>")
    return (
        "".join(parts) + "<p class='quiet'>Thick: Holdfast, tier match, with 95 % intervals by source. "
        "Thin: vPDQ, any frame within 31 bits.</p>"
    )


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = (*_COLUMNS, *_asked_for(rows))
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ("95 %", *columns))
    lines = []
    for row in rows:
        words = str(row.get("measure", ""))
        if words.startswith(("recall, ", "macro")) and "match" in row:
            cells = f"<td>{row['low']:.2f} to {row['high']:.2f}</td>"
            cells += "".join(f"<td>{row[name]:.2f}</td>" for name in columns)
            lines.append(f"<tr><td>{html.escape(words.removeprefix('recall, '))}</td>{cells}</tr>")
    return f"<table><tr><th>edit</th>{head}</tr>{''.join(lines)}</table>"


def _asked_for(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The ways of looking that were asked for beside ours: keyframes alone, peers."""
    last = next((row for row in rows if row.get("measure") == "macro recall, all edits"), {})
    known = {"measure", "low", "high", "sources", "worst", *_COLUMNS}
    return [name for name in last if name not in known]


def _scores(cases: Sequence[Case]) -> str:
    """Histograms of scores: copies upward, strangers (those that say anything) downward, both as roots."""
    edges = np.arange(0, 124, 4)
    own = np.histogram([min(case.own.score, 121) for case in cases], edges)[0]
    pairs = [pair.score for case in cases for pair in case.strangers if pair.match is not None]
    strangers = np.histogram(np.minimum(pairs, 121), edges)[0]
    unit = 110 / max(1.0, float(np.sqrt(max(own.max(), strangers.max(initial=0)))))
    parts = ["<svg viewBox='0 0 760 260' width='760' role='img' aria-label='scores'>"]
    for number, (up, down) in enumerate(zip(own, strangers, strict=True)):
        x = 20 + 24 * number
        high, low = unit * float(np.sqrt(up)), unit * float(np.sqrt(down))
        parts.append(f"<rect x='{x}' y='{120 - high:.1f}' width='22' height='{high:.1f}' fill='var(--own)'/>")
        parts.append(f"<rect x='{x}' y='120' width='22' height='{low:.1f}' fill='var(--peer)'/>")
    for limit, words in ((POSSIBLE_DECADES, "possible"), (MATCH_DECADES, "match")):
        x = round(20 + 6 * limit)
        parts.append(f"<line x1='{x}' x2='{x}' y1='8' y2='236' stroke='var(--ink)' stroke-dasharray='3 3'/>")
        parts.append(f"<text x='{x + 3}' y='{16 if words == 'match' else 232}'>{words}</text>")
    parts.append("<text x='20' y='252'>0</text><text x='700' y='252'>120 decades</text></svg>")
    return (
        "".join(parts)
        + "<p class='quiet'>Upward: copies. Downward: strangers. Heights: square roots of counts.</p>"
    )


def _line(row: Mapping[str, Any]) -> str:
    rest = "; ".join(f"{key} {value}" for key, value in row.items() if key != "measure")
    return f"<tr><td>{html.escape(str(row['measure']))}</td><td>{html.escape(rest)}</td></tr>"
