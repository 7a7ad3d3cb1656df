"""`holdfast bench ...`: measurements, with other people's tools in the same run where they are installed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from holdfast.cli.options import JsonOption

__all__ = ["app"]

app = typer.Typer(help="Measure, beside other tools where they are installed.", no_args_is_help=True)


@app.command()
def images(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Photographs; by default the demo's own.", show_default=False),
    ] = None,
    peers: Annotated[bool, typer.Option(help="Also run the peers that are installed.")] = True,
    json: JsonOption = False,
) -> None:
    """Exactness, formats and speed of hashing photographs."""
    from holdfast.bench import images as bench

    bench.run(folder, peers=peers, as_json=json)


@app.command()
def index(
    size: Annotated[
        list[int] | None, typer.Option(help="Entries (repeatable).", show_default="1 and 10 million")
    ] = None,
    real: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Folder of photographs or file of hashes to draw from."),
    ] = None,
    peers: Annotated[bool, typer.Option(help="Also run faiss, if it is installed.")] = True,
    json: JsonOption = False,
) -> None:
    """Exactness, speed and size of the index."""
    from holdfast.bench import index as bench

    bench.run(sizes=size or [1_000_000, 10_000_000], real=real, peers=peers, as_json=json)
