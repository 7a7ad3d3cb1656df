"""A calibration as a JSON file: versioned, with a checksum, replaced as a whole."""

from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from holdfast.errors import SettingsError
from holdfast.matching.calibration.family import Basis, Family, Law, Radius
from holdfast.matching.calibration.model import FalseAlarmModel

__all__ = ["VERSION", "parse_model", "read_model", "write_model"]

FORMAT, VERSION = "holdfast-calibration", 1
MAX_FILE_BYTES = 1 << 20


def write_model(model: FalseAlarmModel, path: Path) -> None:
    """Writes a model, readable by its owner alone. The file appears whole or not at all."""
    body: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "made_from": model.made_from,
        "families": {name: asdict(family) for name, family in model.families.items()},
    }
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        with open(partial, "x", encoding="utf-8", opener=_private) as stream:
            json.dump({**body, "sha256": _checksum(body)}, stream, indent=1)
            stream.write("\n")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_model(path: Path) -> FalseAlarmModel:
    """The model in a file. Raises `SettingsError` where it cannot be read or is not one of this version."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise SettingsError(
            f"The calibration {path} cannot be read: {error.strerror}. It was not used. "
            "Make it again with `holdfast bank calibrate`."
        ) from error
    if len(data) > MAX_FILE_BYTES:
        raise _unusable(str(path), "it is too large")
    return parse_model(data.decode("utf-8", "replace"), str(path))


def parse_model(text: str, name: str) -> FalseAlarmModel:
    """The model in a text; ``name`` is what errors call it. Raises `SettingsError`."""
    try:
        body = json.loads(text)
        given = body.pop("sha256")
        if (body["format"], body["version"]) != (FORMAT, VERSION):
            raise _unusable(name, f"it is not a calibration of version {VERSION}")
        if given != _checksum(body):
            raise _unusable(name, "its checksum is wrong: it was changed or damaged")
        families = {str(key): _family(value) for key, value in body["families"].items()}
        return FalseAlarmModel(families, str(body["made_from"]))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _unusable(name, "it lacks something") from error


def _family(value: dict[str, Any]) -> Family:
    basis = dict(value["basis"])
    basis["validation"] = tuple(Radius(**line) for line in basis["validation"])
    law = Law(**value["law"])
    numbers = [*asdict(law).values(), value["distinct_share"], *value["log_regularities"], *value["weights"]]
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
        raise ValueError("a number is missing")
    positive = law.sigma_bits, law.kurtosis, law.multiplicity, law.kurtosis_limit, value["distinct_share"]
    if min(positive) <= 0:
        raise ValueError("a number is out of range")
    return Family(
        law,
        tuple(value["log_regularities"]),
        tuple(value["weights"]),
        float(value["distinct_share"]),
        Basis(**basis),
    )


def _unusable(name: str, why: str) -> SettingsError:
    return SettingsError(
        f"{name} cannot be used: {why}. Nothing was judged by it. "
        "Make it again with `holdfast bank calibrate`."
    )


def _checksum(body: dict[str, Any]) -> str:
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
