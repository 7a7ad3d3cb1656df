"""`holdfast bench index`: the exact index on random, clumped and real codes, faiss in the same run.

Queries are drawn fresh each time and no result is cached. Times are of one thread.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from holdfast.bench.machine import describe_machine
from holdfast.matching.hamming import HammingIndex

__all__ = ["run"]

RADIUS = 31
PLANTED = 10_000
Codes = npt.NDArray[np.uint8]
Row = dict[str, Any]


def run(*, sizes: Sequence[int], real: Path | None, peers: bool, as_json: bool) -> None:
    """Measures and prints. ``real`` is a folder of photographs or a file of hexadecimal hashes."""
    _print({"machine": describe_machine()}, as_json)
    for size in sizes:
        random = np.random.default_rng(size)
        for kind, codes in _sets(size, real, random):
            with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
                _print({"entries": size, "codes": kind, **_measure(codes, random, Path(folder))}, as_json)
            if peers and kind == "random":
                for row in _peers(codes, random):
                    _print({"entries": size, "codes": kind, **row}, as_json)


def _sets(size: int, real: Path | None, random: np.random.Generator) -> list[tuple[str, Codes]]:
    sets = [("random", random.integers(0, 256, (size, 32), dtype=np.uint8))]
    if size <= 10_000_000:
        sets.append(("a tenth share most chunks", _skewed(size, random)))
        if real is not None:
            sets.append(("real hashes and their neighbours", _real(size, real, random)))
    return sets


def _measure(codes: Codes, random: np.random.Generator, folder: Path) -> Row:
    build_s, index = _timed(lambda: HammingIndex.from_codes(codes))
    save_s, _ = _timed(lambda: index.save(folder / "index.hfx"))
    open_s, opened = _timed(lambda: HammingIndex.open(folder / "index.hfx"))
    opened.range_search(_fresh(64, random), RADIUS)
    # Five rounds, the median: the machine may be shared.
    batches = [_searched(opened, _fresh(2000, random)) / 2000 for _ in range(5)]
    singles = [_searched(opened, _fresh(1, random)) for _ in range(400)]
    hits = [_searched(opened, code[np.newaxis]) for code in codes[random.integers(0, len(codes), 200)]]
    return {
        "build_s": round(build_s, 2),
        "save_s": round(save_s, 2),
        "open_s": round(open_s, 4),
        "bytes_per_entry": opened.stats()["bytes_per_entry"],
        "batch_ms": round(1000 * float(np.median(batches)), 4),
        "single_ms": round(1000 * float(np.median(singles)), 4),
        "member_ms": round(1000 * float(np.median(hits)), 4),
        "slowest_member_ms": round(1000 * max(hits), 3),
        "planted_found": _planted(opened, codes, random),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "file_mb": round((folder / "index.hfx").stat().st_size / 1e6),
    }


def _fresh(count: int, random: np.random.Generator) -> Codes:
    return random.integers(0, 256, (count, 32), dtype=np.uint8)


def _searched(index: HammingIndex, queries: Codes) -> float:
    """Seconds that one call takes."""
    return _timed(lambda: index.range_search(queries, RADIUS))[0]


def _planted(index: HammingIndex, codes: Codes, random: np.random.Generator) -> str:
    """How many of `PLANTED` neighbours, equally many at each distance 0..31, are found at that distance."""
    rows = random.integers(0, len(codes), PLANTED)
    distances = np.arange(PLANTED) % (RADIUS + 1)
    bits = np.unpackbits(codes[rows], axis=1)
    order = np.argsort(random.random(bits.shape), axis=1)
    np.put_along_axis(
        bits, order, np.take_along_axis(bits, order, 1) ^ (np.arange(256) < distances[:, None]), 1
    )
    found_rows, ids, found_bits = index.range_search(np.packbits(bits, axis=1), RADIUS)
    right = (ids == rows[found_rows]) & (found_bits == distances[found_rows])
    return f"{len(np.unique(found_rows[right]))} of {PLANTED}"


def _skewed(size: int, random: np.random.Generator) -> Codes:
    """A tenth of the codes are one code with up to 40 bits changed in one quarter of it."""
    codes = random.integers(0, 256, (size, 32), dtype=np.uint8)
    clump = np.tile(codes[0], (size // 10, 1))
    clump[:, :8] ^= random.integers(0, 256, (size // 10, 8), dtype=np.uint8) & random.integers(
        0, 256, (size // 10, 8), dtype=np.uint8
    )
    codes[: size // 10] = clump
    return codes


def _real(size: int, source: Path, random: np.random.Generator) -> Codes:
    """Hashes of real photographs, with neighbours (0 to 60 bits changed) until there are ``size``."""
    base = _hashes(source)
    codes = base[random.integers(0, len(base), size)]
    for start in range(0, size, 1 << 18):
        block = codes[start : start + (1 << 18)]
        flips = random.random((len(block), 256)) < random.uniform(0, 60 / 256, (len(block), 1))
        block ^= np.packbits(flips, axis=1)
    return codes


def _hashes(source: Path) -> Codes:
    if source.is_file():
        lines = source.read_text(encoding="utf-8").split()
        return np.frombuffer(bytes.fromhex("".join(line[:64] for line in lines)), np.uint8).reshape(-1, 32)
    from holdfast.screening.hashes import FileHasher
    from holdfast.settings import MediaSettings

    with FileHasher(MediaSettings()) as hasher:
        found = [hasher.hash_file(path) for path in sorted(source.rglob("*")) if path.is_file()]
    return np.stack([one.pdq.bits for hashes in found for one in hashes.pdq[:1]])


def _peers(codes: Codes, random: np.random.Generator) -> list[Row]:
    try:
        faiss = importlib.import_module("faiss")
    except ImportError:
        return [{"peer": "faiss", "skipped": "not installed: pip install 'holdfast[peers]'"}]
    faiss.omp_set_num_threads(1)
    flat = faiss.IndexBinaryFlat(256)
    flat.add(codes)
    queries = random.integers(0, 256, (20, 32), dtype=np.uint8)
    flat_s = _timed(lambda: flat.range_search(queries, RADIUS + 1))[0] / len(queries)
    rows: list[Row] = [{"peer": "faiss IndexBinaryFlat", "ms": round(1000 * flat_s, 3)}]
    if len(codes) <= 1_000_000:
        rows += _inverted_file(faiss, flat, codes, random)
    return rows


def _inverted_file(faiss: Any, flat: Any, codes: Codes, random: np.random.Generator) -> list[Row]:
    index = faiss.IndexBinaryIVF(faiss.IndexBinaryFlat(256), 256, 1024)
    index.train(codes[:100_000])
    index.add(codes)
    rows = random.integers(0, len(codes), 1000)
    bits = np.unpackbits(codes[rows], axis=1)
    order = np.argsort(random.random(bits.shape), axis=1)
    np.put_along_axis(bits, order, np.take_along_axis(bits, order, 1) ^ (np.arange(256) < RADIUS), 1)
    queries = np.packbits(bits, axis=1)
    found: list[Row] = []
    for probes in (1, 8, 32):
        index.nprobe = probes
        seconds, (_, labels) = _timed(lambda: index.search(queries, 1))
        recall = float((labels[:, 0] == rows).mean())
        name = f"faiss IndexBinaryIVF nprobe {probes}"
        found.append({"peer": name, "ms": round(seconds, 4), "finds_at_31_bits": round(recall, 3)})
    return found


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _print(row: Row, as_json: bool) -> None:
    text = json.dumps(row) if as_json else "  ".join(f"{key} {value}" for key, value in row.items())
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
