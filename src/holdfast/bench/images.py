"""`holdfast bench images`: how exact and how fast photographs are hashed, peers in the same run.

Peers (PyPI `pdqhash`, OpenCV) are used where they are installed and named as missing where not.
"""

from __future__ import annotations

import importlib
import io
import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from holdfast.bench.edits import EDITS, photograph
from holdfast.bench.machine import describe_machine
from holdfast.bench.samples import sample_photographs
from holdfast.errors import NotMatchableError
from holdfast.hashing.digest import digests
from holdfast.hashing.image import image_hashes, query_hashes
from holdfast.hashing.pdq import pdq, pdq_orientations
from holdfast.media.pool import DecodePool
from holdfast.media.types import ImageLimits

__all__ = ["run"]

SIZES = ((1600, 1004), (4800, 3012))
Row = dict[str, Any]


def run(folder: Path | None, *, peers: bool, as_json: bool) -> None:
    """Measures and prints. ``folder`` holds photographs; None takes the demo's own."""
    paths = _files(folder)
    peer = _peer("pdqhash") if peers else None
    rows: list[Row] = [{"machine": describe_machine()}]
    with DecodePool(ImageLimits()) as pool:
        rows += exactness(pool, paths, peer)
        rows += formats(pool, paths[0])
        rows += [row for size in SIZES for row in speed(pool, paths[0], size, peer)]
    for row in rows:
        sys.stdout.write((json.dumps(row) if as_json else _plain(row)) + "\n")


def exactness(pool: DecodePool, paths: Iterable[Path], peer: Any) -> list[Row]:
    """Bits by which hashes differ from the peer's: on equal luma, and from the file to the hash."""
    if peer is None:
        return [
            {"measure": "exactness", "skipped": "pdqhash is not installed: pip install 'holdfast[peers]'"}
        ]
    same_luma, oriented, end_to_end = [], [], []
    for path in paths:
        data = path.read_bytes()
        try:
            rgb = np.ascontiguousarray(Image.open(io.BytesIO(data)).convert("RGB"))
            decoded = pool.decode_image(data)
        except (NotMatchableError, UnidentifiedImageError):
            continue
        bits, quality = peer.compute(rgb)
        luma = _float_luma(rgb)
        same_luma.append(_off(pdq(luma).bits, bits))
        reference = {np.packbits(one).tobytes() for one in peer.compute_dihedral(rgb)[0]}
        oriented.append(len(reference - {one.bits.tobytes() for one in pdq_orientations(luma)}))
        if quality >= 80 and decoded.frames[0].luma.shape[0] and "exif" not in path.name:
            end_to_end.append(_off(image_hashes(decoded)[0].pdq.bits, bits))
    return [
        {"measure": "bits off pdqhash on equal luma", **_spread(same_luma)},
        {"measure": "orientations of 8 that pdqhash has and we have not", **_spread(oriented)},
        {"measure": "bits off pdqhash, file to hash, quality >= 80", **_spread(end_to_end)},
    ]


def formats(pool: DecodePool, path: Path) -> list[Row]:
    """Distance of every altered form of one photograph to the original, by the nearest of its views."""
    picture = photograph(path.read_bytes())
    original = pdq(_float_luma(np.asarray(picture))).bits
    rows = []
    for edit in EDITS:
        hashes = query_hashes(pool.decode_image(edit.apply(picture)))
        distances = [_off(code, np.unpackbits(original)) for code in hashes.codes]
        best = int(np.argmin(distances))
        rows.append(
            {"measure": f"distance, {edit.words}", "bits": distances[best], "view": hashes.view(best).words}
        )
    return rows


def speed(pool: DecodePool, path: Path, size: tuple[int, int], peer: Any) -> list[Row]:
    """Times at one picture size, in milliseconds: each the median of interleaved repeats."""
    picture = photograph(path.read_bytes(), max_side=10_000).resize(size, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    data, rgb = buffer.getvalue(), np.asarray(picture)
    luma = np.rint(_float_luma(rgb)).astype(np.uint8)

    steps: dict[str, Callable[[], object]] = {
        "hash step": lambda: pdq(luma),
        "hash step, 8 orientations": lambda: pdq_orientations(luma),
        "luma decode alone (simplejpeg, full size)": lambda: _simplejpeg(data),
        "file to hash, exact, in a decode worker": lambda: pdq(
            pool.decode_image(data, exact=True).frames[0].luma
        ),
        "file to query hashes and digests": lambda: (
            query_hashes(pool.decode_image(data)),
            digests(data),
        ),
        "file to hash, in a decode worker": lambda: image_hashes(pool.decode_image(data)),
    }
    if peer is not None:
        steps["peer: pdqhash hash step"] = lambda: peer.compute(rgb)
        steps["peer: Pillow + pdqhash, file to hash"] = lambda: peer.compute(_pillow_rgb(data))
    opencv = _peer("cv2") if peer is not None else None
    if opencv is not None:
        opencv.setNumThreads(1)
        buffer_array = np.frombuffer(data, np.uint8)
        steps["peer: OpenCV luma decode alone"] = lambda: opencv.imdecode(
            buffer_array, opencv.IMREAD_GRAYSCALE
        )
    times = _medians_ms(steps, repeats=15 if size[0] < 2000 else 7)
    rows = [{"measure": f"{size[0]}x{size[1]} {name}", "ms": round(ms, 3)} for name, ms in times.items()]
    return rows + _ratios(size, times)


def _ratios(size: tuple[int, int], times: dict[str, float]) -> list[Row]:
    pairs = [
        ("hash step, times faster than pdqhash", "peer: pdqhash hash step", "hash step"),
        (
            "file to hash, times faster than Pillow + pdqhash",
            "peer: Pillow + pdqhash, file to hash",
            "file to hash, in a decode worker",
        ),
        (
            "file to exact hash, times the luma decode alone",
            "file to hash, exact, in a decode worker",
            "luma decode alone (simplejpeg, full size)",
        ),
    ]
    return [
        {"measure": f"{size[0]}x{size[1]} {words}", "ratio": round(times[over] / times[under], 2)}
        for words, over, under in pairs
        if over in times and under in times
    ]


def _medians_ms(steps: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Each step's median time. The steps take turns, so that a slow moment of the machine meets them all."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for step in steps.values():
        step()
    for _ in range(repeats):
        for name, step in steps.items():
            started = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - started)
    return {name: float(np.median(taken)) * 1000 for name, taken in times.items()}


def _simplejpeg(data: bytes) -> object:
    import simplejpeg

    return simplejpeg.decode_jpeg(data, "GRAY")


def _pillow_rgb(data: bytes) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def _float_luma(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    weights = np.array([0.299, 0.587, 0.114])
    return np.asarray(rgb.astype(np.float64) @ weights, np.float32)


def _off(code: npt.NDArray[np.uint8], bits: npt.NDArray[Any]) -> int:
    return int((np.unpackbits(code) != bits).sum())


def _spread(values: list[int]) -> Row:
    if not values:
        return {"files": 0}
    return {"files": len(values), "mean": round(float(np.mean(values)), 3), "max": max(values)}


def _files(folder: Path | None) -> list[Path]:
    if folder is None:
        return sample_photographs()[0]
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _peer(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _plain(row: Row) -> str:
    rest = dict(row)
    head = rest.pop("measure", "machine")
    return f"{head:<72}" + "  ".join(f"{key} {value}" for key, value in rest.items())
