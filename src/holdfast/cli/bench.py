"""`holdfast bench ...`: measurements, with other people's tools in the same run where they are installed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from holdfast.cli.bench_hostile import hostile
from holdfast.cli.options import JsonOption
from holdfast.cli.output import count, message, print_json, print_table, progress

__all__ = ["app"]

app = typer.Typer(help="Measure, beside other tools where they are installed.", no_args_is_help=True)


@app.command()
def images(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="DIR...", help="Photographs; by default the demo's own.", show_default=False),
    ] = None,
    edits: Annotated[
        bool, typer.Option("--edits", help="How many edited photographs are found; needs folders.")
    ] = False,
    photos: Annotated[int, typer.Option(help="With --edits: photographs to edit.", min=4)] = 40,
    page: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --edits: also write a page with plots and misses."),
    ] = None,
    peers: Annotated[bool, typer.Option(help="Also run the peers that are installed.")] = True,
    json: JsonOption = False,
) -> None:
    """Exactness, formats and speed of hashing photographs; with --edits, recall of edited ones."""
    if edits:
        if not folders:
            raise typer.BadParameter("--edits needs folders of photographs", param_hint="DIR...")
        from holdfast.bench import edited

        edited.run(folders, photos=photos, peers=peers, as_json=json, page=page)
        return
    from holdfast.bench import images as bench

    bench.run(folders[0] if folders else None, peers=peers, as_json=json)


@app.command()
def video(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Videos.", show_default=False)],
    sources: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Table (tabs) of file, source, part and scene: files of one source are of one part; "
            "scene 'yes' where they are other footage of one scene. By default each file is a source.",
            show_default=False,
        ),
    ] = None,
    part: Annotated[
        str,
        typer.Option(
            help="Which sources are edited: test, fresh, fresh2, fresh3, fresh4, fresh5, fresh6 or tuning."
        ),
    ] = "test",
    clips: Annotated[int, typer.Option(min=1, max=100, help="Clips of each source that are edited.")] = 2,
    edit: Annotated[
        list[str] | None, typer.Option(help="Only this edit (repeatable).", show_default="all 45")
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder that keeps edited files for the next time."),
    ] = None,
    page: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write a page with plots.")] = None,
    speed: Annotated[bool, typer.Option(help="Also measure how fast files are scanned.")] = True,
    peers: Annotated[
        bool, typer.Option("--peers", help="Also ask the peers that are installed: vpdq, perception.")
    ] = False,
    keyframes: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=60,
            metavar="SECONDS",
            help="Also look for each edited file by its keyframes alone, with one every so many seconds; "
            "0: where the encoder sets them.",
            show_default=False,
        ),
    ] = None,
    local_features: Annotated[
        bool, typer.Option("--local-features", help="Also ask the local features of all files.")
    ] = False,
    photos: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Photographs to make further clips of, into the folder --work."),
    ] = None,
    scale: Annotated[
        int | None,
        typer.Option(min=1000, max=100_000_000, help="Instead: time and recall in a bank of so many frames."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Edited copies of videos: how many are found, what else is called a match, and how fast."""
    from holdfast.bench.video.corpus import PARTS
    from holdfast.bench.video.edits import EDITS
    from holdfast.bench.video.run import Plan, run
    from holdfast.bench.video.scale import run_scale

    if part not in PARTS:
        raise typer.BadParameter(f"is one of {', '.join(PARTS)}", param_hint="--part")
    if unknown := set(edit or ()) - {one.name for one in EDITS}:
        known = ", ".join(one.name for one in EDITS)
        raise typer.BadParameter(
            f"there is no edit {sorted(unknown)[0]}. There are: {known}", param_hint="--edit"
        )
    if photos is not None:
        from holdfast.bench.video.photos import photo_clips

        if work is None:
            raise typer.BadParameter("needs the folder --work", param_hint="--photos")
        photo_clips(photos, work / "photos")
        folders = [*folders, work / "photos"]
    chosen = tuple(edit or ())
    plan = Plan(folders, sources, part, clips, chosen, work, page, speed, peers, keyframes, local_features)
    with progress("videos", "steps") as bar:
        if scale is None:
            run(plan, as_json=json, advance=bar)
        else:
            run_scale(plan, scale, as_json=json, advance=bar)


@app.command()
def video_hash(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Videos.", show_default=False)],
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Instead of speed: vPDQ lists NAME.txt of every frame (NAME-128x128.txt: of frames "
            "reduced to so many pixels first), to be compared with.",
            show_default=False,
        ),
    ] = None,
    shortcuts: Annotated[
        bool, typer.Option("--shortcuts", help="Instead of speed: bits that quicker decoding changes.")
    ] = False,
    peers: Annotated[bool, typer.Option(help="Also run vpdq, if it is installed.")] = True,
    json: JsonOption = False,
) -> None:
    """Plain vPDQ of videos: speed beside bare decoding, and how near it is to the reference tool."""
    from holdfast.bench.machine import describe_machine
    from holdfast.bench.videohash import measure

    with progress("videos", "videos") as bar:
        rows = measure(folders, reference=reference, shortcuts=shortcuts, peers=peers, advance=bar)
    if json:
        for row in ({"machine": describe_machine()}, *rows):
            print_json(row)
    elif rows:
        message(describe_machine())
        print_table(list(rows[0]), [[str(value) for value in row.values()] for row in rows])


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


@app.command()
def serve(
    home: Annotated[
        Path | None,
        typer.Option(
            "--home",
            metavar="DIR",
            help="Folder that keeps home and pictures for the next time; a temporary one by default.",
            show_default=False,
        ),
    ] = None,
    entries: Annotated[int, typer.Option(min=100, max=100_000_000, help="Entries of the list.")] = 1_000_000,
    files: Annotated[int, typer.Option(min=1, max=100_000, help="Distinct pictures.")] = 1_000,
    requests: Annotated[int, typer.Option(min=1, max=1_000_000, help="Most requests of one load.")] = 3_000,
    seconds: Annotated[float, typer.Option(min=0.1, max=600, help="Longest time of one load.")] = 20.0,
    connections: Annotated[int, typer.Option(min=1, max=32, help="Connections at full load.")] = 8,
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Hashes of one batch.")] = 1_000,
    matching: Annotated[
        str,
        typer.Option(
            metavar="classic|calibrated",
            help="How the bank matches: classic makes no views of edited pictures.",
        ),
    ] = "calibrated",
    url: Annotated[
        str | None,
        typer.Option(help="A Holdfast that serves DIR/home already; one is started by default."),
    ] = None,
    hma: Annotated[str | None, typer.Option(help="Measure a running HMA instead, by its own calls.")] = None,
    pid: Annotated[
        int | None, typer.Option(help="Process of that service, to count what it costs.", show_default=False)
    ] = None,
    json: JsonOption = False,
) -> None:
    """Load on a service on this machine: uploads, look-ups, latencies, what they cost."""
    from holdfast.bench import serve as bench

    plan = bench.Plan(entries, files, requests, seconds, connections, batch, matching)
    bench.run(plan, folder=home, url=url, hma=hma, pid=pid, as_json=json)


@app.command()
def filing(
    rounds: Annotated[int, typer.Option(min=1, max=1_000_000, help="Reports to file.")] = 1_000,
    kills: Annotated[int, typer.Option(min=0, max=100_000, help="Workers that are killed, at most.")] = 1_000,
    faults: Annotated[
        float, typer.Option(min=0, max=0.5, help="Share of calls that go wrong on the wire.")
    ] = 0.05,
    database_url: Annotated[
        str | None, typer.Option(help="An empty PostgreSQL database; SQLite by default.", show_default=False)
    ] = None,
    drafts: Annotated[
        int | None, typer.Option(min=10, max=1_000_000, help="Instead: so many drafts.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="What goes wrong when.")] = 1,
    json: JsonOption = False,
) -> None:
    """File to a stand-in under kill -9 and faults: is a report filed twice, or lost? Exit status 1 if so.

    With --drafts: every report from its draft on, without kills and faults, and whether memory grows.
    """
    import logging
    import tempfile
    from dataclasses import asdict

    import structlog

    from holdfast.bench.filing import Trouble, run_filing
    from holdfast.bench.filing_drafts import run_drafts

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with (
        tempfile.TemporaryDirectory(prefix="holdfast-filing-") as folder,
        progress("filing", "reports") as bar,
    ):
        if drafts is not None:
            report = run_drafts(
                Path(folder),
                drafts,
                database_url=database_url,
                seed=seed,
                on_progress=lambda n: bar(n, drafts),
            )
        else:
            report = run_filing(
                Path(folder),
                rounds,
                Trouble(kills, faults),
                database_url=database_url,
                seed=seed,
                on_progress=lambda n: bar(n, rounds),
            )
    if json:
        print_json(report.to_json())
    else:
        print_table(
            ("at the stand-in and in the rows", "number"),
            [[k, count(n)] for k, n in sorted(report.outcomes.items())],
        )
        found = asdict(report.findings)
        print_table(("defects", "number"), [[k.replace("_", " "), count(n)] for k, n in found.items()])
        typer.echo(f"{report.kills:,} workers killed; {report.to_json()['reports_per_s']} reports a second.")
        memory = f"{report.memory_start_bytes:,} bytes after a tenth, {report.memory_end_bytes:,} in the end"
        typer.echo(f"Memory: {memory}.")
    if not report.is_sound:
        raise typer.Exit(1)


@app.command()
def cases(
    number: Annotated[
        int, typer.Option("--cases", min=1000, max=10_000_000, help="Cases that the records hold.")
    ] = 100_000,
    database_url: Annotated[
        str | None, typer.Option(help="An empty PostgreSQL database; SQLite by default.", show_default=False)
    ] = None,
    json: JsonOption = False,
) -> None:
    """Server time of a page of cases and of one case, among very many. No content is made."""
    import tempfile
    from dataclasses import asdict

    from holdfast.bench import cases as bench

    with tempfile.TemporaryDirectory(prefix="holdfast-cases-") as folder:
        found = bench.run(number, Path(folder), url=database_url)
    if json:
        for one in found:
            print_json({"cases": number, **asdict(one)})
        return
    message(f"{number:,} cases; server time of one request in milliseconds")
    rows = [[one.what, *(f"{ms:.1f}" for ms in (one.p50_ms, one.p95_ms, one.max_ms))] for one in found]
    print_table(("request", "median", "95 %", "slowest"), rows)


@app.command()
def kills(
    rounds: Annotated[int, typer.Option(min=1, max=10_000, help="How many processes are killed.")] = 200,
    database_url: Annotated[
        str | None, typer.Option(help="An empty PostgreSQL database; SQLite by default.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Which process is killed when.")] = 1,
    json: JsonOption = False,
) -> None:
    """Kill -9 under load: is anything lost that was answered? Exit status 1 when something is."""
    import tempfile

    from holdfast.bench.kills import run_kills

    with tempfile.TemporaryDirectory(prefix="holdfast-kills-") as folder, progress("killing", "times") as bar:
        report = run_kills(
            Path(folder), rounds, database_url=database_url, seed=seed, on_round=lambda n: bar(n, rounds)
        )
    if json:
        print_json(report.to_json())
    else:
        print_table(("killed by SIGKILL", "times"), [[k, count(n)] for k, n in sorted(report.killed.items())])
        print_table(("answered 2xx", "number"), [[k, count(n)] for k, n in report.acknowledged.items()])
        print_table(("lost of it", "number"), [[k, count(n)] for k, n in report.lost.items()])
        again = report.to_json()["ready_again_s"]
        typer.echo(f"{report.failed_requests:,} requests had no answer, or 5xx.")
        typer.echo(f"Ready again after {again['median']} s (median), {again['most']} s at most.")
    if not report.is_sound:
        raise typer.Exit(1)


app.command()(hostile)
