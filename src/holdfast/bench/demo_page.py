"""The demo's page: each altered copy beside the photograph that it was found to be."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.bench.demo import DemoRow

__all__ = ["write_page"]

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --paper: #f6f5f1; --card: #fff; --line: #d9d6cd;
  --good: #1c6b4a; --bad: #9a4a12; --quiet: #66707a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e3da; --paper: #15191e; --card: #1e242b;
  --line: #333c46; --good: #6fcf9f; --bad: #eba36b; --quiet: #9aa5af; } }
* { box-sizing: border-box }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper) }
main { max-width: 72rem; margin: 0 auto; padding: 2rem 1.25rem 4rem }
h1 { font-size: 1.6rem; margin: 0 0 .25rem } h2 { font-size: 1.05rem; margin: 2.25rem 0 .75rem }
p { max-width: 46rem; margin: .25rem 0 }
.quiet { color: var(--quiet) }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(12.5rem, 1fr)); gap: .9rem }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  overflow: hidden }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1px; background: var(--line) }
.pair img, .pair div { width: 100%; height: 8.5rem; object-fit: contain; background: var(--card) }
.pair div { display: grid; place-items: center; color: var(--quiet) }
figcaption { padding: .5rem .7rem .6rem; font-size: .88rem; line-height: 1.35 }
.found { color: var(--good); font-weight: 600 } .missed { color: var(--bad); font-weight: 600 }
"""


def write_page(out: Path, rows: Sequence[DemoRow]) -> Path:
    """Writes ``index.html`` beside the folder of pictures. It needs no network and no script."""
    sections = []
    for edit in dict.fromkeys(row.edit for row in rows):
        cards = "\n".join(_card(row) for row in rows if row.edit == edit)
        sections.append(
            f"<h2>{html.escape(edit[:1].upper() + edit[1:])}</h2>\n<div class='grid'>\n{cards}\n</div>"
        )
    page = out / "index.html"
    page.write_text(
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>Holdfast demo</title><style>{_STYLE}</style></head>\n<body><main>\n"
        "<h1>Holdfast demo</h1>\n"
        "<p>Ordinary photographs stand in for known content. On the left what was uploaded, on the right the "
        "photograph in the bank that it was found to be, and below what was decided.</p>\n"
        "<p class='quiet'>Distances are in bits of 256; up to 31 is a match.</p>\n"
        + "\n".join(sections)
        + "\n</main></body></html>\n",
        encoding="utf-8",
    )
    return page


def _card(row: DemoRow) -> str:
    checked = f"<img src='pictures/{html.escape(Path(row.file).name)}' alt='checked file' loading='lazy'>"
    right = "<div>nothing found</div>"
    words, css = "no match", "quiet"
    if row.outcome == "match":
        right = (
            f"<img src='pictures/{html.escape(row.label)}.jpg' alt='{html.escape(row.label)}' loading='lazy'>"
        )
        words, css = f"match, {row.distance} bits apart", "found" if row.right else "missed"
    elif row.expected:
        words, css = f"missed ({row.outcome.replace('_', ' ')})", "missed"
    more = html.escape("; ".join(filter(None, (row.view or row.detail, row.decision))))
    return (
        f"<figure><div class='pair'>{checked}{right}</div><figcaption><span class='{css}'>{words}</span>"
        f"<br><span class='quiet'>{more or '&nbsp;'}</span></figcaption></figure>"
    )
