"""`holdfast bank calibrate`: how near strangers come, measured on an operator's own benign pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.bank import app
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import count, message, print_json, print_table, progress

if TYPE_CHECKING:
    from holdfast.matching.calibration import FalseAlarmModel, Radius
    from holdfast.screening.sampling import Sample

__all__: list[str] = []

LIST_ENTRIES = 1_000_000
CODES = (64, 128, 256)


@app.command()
def calibrate(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Benign pictures, unrelated to each other.", show_default=False),
    ],
    home: HomeOption,
    validate: Annotated[
        bool, typer.Option("--validate", help="Only hold the calibration in force against them.")
    ] = False,
    series: Annotated[
        bool, typer.Option("--series", help="Files of one folder belong together: do not compare them.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Fit the false-alarm model on your own benign pictures, some hundreds or more.

    One half is fitted, the other half validates; `calibration.json` in the home then replaces the shipped
    calibration. Files that come near each other are named: if two show the same thing, take one away.
    Exit status 1 when as many near strangers as foretold are not there: less than a third, or over three
    times as many, by the plain distances of codes.
    """
    from holdfast.matching.calibration import COARSE, write_model
    from holdfast.records.home import Home
    from holdfast.screening.calibrating import calibrate as fit
    from holdfast.screening.calibrating import validate_on
    from holdfast.screening.home_model import CALIBRATION_NAME, home_model

    place = Home(home)
    sample = _sample(folder, home, series)
    if validate:
        model = home_model(place.path)
        found = validate_on(sample, model)
        lines = {name: radii for name, (_, radii) in found.items()}
        comparisons = {name: number for name, (number, _) in found.items()}
    else:
        model = fit(sample, f"{sample.pictures:,} pictures of the operator's own")
        write_model(model, place.path / CALIBRATION_NAME)
        lines = {name: family.basis.validation for name, family in model.families.items()}
        comparisons = {name: family.basis.validation_comparisons for name, family in model.families.items()}
    if json:
        print_json(_facts(sample, model, lines, comparisons))
    else:
        _print(sample, model, lines, comparisons)
    if not all(radius.within for radius in lines[COARSE]):
        raise typer.Exit(1)


def _sample(folder: Path, home: Path, series: bool) -> Sample:
    from holdfast.errors import UsageError
    from holdfast.media.pool import DecodePool
    from holdfast.screening.sampling import sample_pictures
    from holdfast.screening.walk import walk
    from holdfast.settings import load_settings

    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}. Nothing was calibrated.")
    media = load_settings(home).media
    paths = [found.path for found in walk(folder)]
    with (
        DecodePool(media.image_limits(), workers=media.workers) as pool,
        progress("hashing") as advance,
    ):
        return sample_pictures(
            paths, pool, media.max_bytes, lambda done: advance(done, len(paths)), series=series
        )


def _facts(
    sample: Sample,
    model: FalseAlarmModel,
    lines: dict[str, tuple[Radius, ...]],
    comparisons: dict[str, int],
) -> dict[str, Any]:
    return {
        "pictures": sample.pictures,
        "files": len(sample.files),
        "left_out": list(sample.left_out),
        "nearest": [
            {"distance_bits": pair.distance_bits, "file": pair.file, "other": pair.other}
            for pair in sample.nearest()
        ],
        "validation": {
            name: {
                "comparisons": comparisons[name],
                "radii": [
                    {"radius_bits": r.radius_bits, "predicted": round(r.predicted, 1), "observed": r.observed}
                    for r in radii
                ],
            }
            for name, radii in lines.items()
        },
        "radius_bits": _radii(sample, model),
    }


def _radii(sample: Sample, model: FalseAlarmModel) -> list[dict[str, Any]]:
    """Radii of both tiers for a pair of middling regularity, at a million entries."""
    import numpy as np

    from holdfast.matching.calibration import MATCH_EXPECTED, POSSIBLE_EXPECTED, regularity

    middling = float(np.median(regularity(sample.references))) ** 2
    rows = []
    for codes in CODES:
        comparisons = LIST_ENTRIES * codes
        radii = [
            model.radius_for(expected, comparisons, regularity=middling)
            for expected in (MATCH_EXPECTED, POSSIBLE_EXPECTED)
        ]
        judged = model.judge(radii[0], comparisons, regularity=middling)
        rows.append(
            {
                "codes": codes,
                "match": radii[0],
                "possible": radii[1],
                "extrapolation_decades": judged.extrapolation_decades,
            }
        )
    return rows


def _print(
    sample: Sample,
    model: FalseAlarmModel,
    lines: dict[str, tuple[Radius, ...]],
    comparisons: dict[str, int],
) -> None:
    typer.echo(
        f"{count(sample.pictures)} different pictures in {count(len(sample.files))} files; "
        f"{count(len(sample.left_out))} files left out"
    )
    for reason in sample.left_out:
        message(f"    {reason}")
    for name, radii in lines.items():
        family = model.family(name)
        typer.echo(
            f"\n{name}: fitted on {count(family.basis.files)} pictures, {count(family.basis.comparisons)} "
            f"comparisons, nearest {family.basis.smallest_bits} bits; "
            f"validated on {count(comparisons[name])} comparisons"
        )
        if not radii:
            typer.echo("too few near pairs to validate: add pictures")
            continue
        rows = [
            [str(r.radius_bits), f"{r.predicted:,.0f}", count(r.observed), f"{r.ratio:.2f}"] for r in radii
        ]
        print_table(("radius", "foretold", "observed", "ratio"), rows)
    typer.echo(f"\nradii at {count(LIST_ENTRIES)} entries, for a pair of middling regularity")
    rows = [
        [str(row["codes"]), str(row["match"]), str(row["possible"]), f"{row['extrapolation_decades']}"]
        for row in _radii(sample, model)
    ]
    print_table(("codes an upload", "match", "possible", "decades extrapolated"), rows)
    for pair in sample.nearest():
        message(f"near: {pair.distance_bits} bits  {pair.file}  {pair.other}")
