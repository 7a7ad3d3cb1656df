"""`holdfast bench index`: the exact index on random, crowded and real codes, faiss in the same run.

Queries are drawn fresh each time and no result is cached. Everything runs in one thread; times are its
processor time, for batches and for peers the least of several rounds, because the machine may be shared.
Times with "wall" in their name are what a clock on the wall said.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from holdfast.bench.machine import describe_machine
from holdfast.matching.hamming import HammingIndex

__all__ = ["run"]

RADIUS = 31
PLANTED = 10_000
ROUNDS = 7
BLOCK = 1 << 18
Codes = npt.NDArray[np.uint8]
Row = dict[str, Any]


def run(*, sizes: Sequence[int], real: Path | None, peers: bool, as_json: bool) -> list[Row]:
    """Measures, prints each row as it is known, and returns all rows.

    ``real`` is a folder of photographs, a text file of hexadecimal hashes (the first field of each line) or a
    .npy file of uint8 (n, 32). Sizes above 10 million are measured on random codes alone.
    """
    rows: list[Row] = []

    def tell(row: Row) -> None:
        rows.append(row)
        _print(row, as_json)

    tell({"machine": describe_machine()})
    _warm_up()
    for size in sizes:
        for kind, codes in _sets(size, real):
            generator = np.random.default_rng(size + 1)
            with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
                row = _measure(codes, generator, Path(folder) / "index.hfx")
            tell({"entries": size, "codes": kind, **row})
            if peers and kind.startswith("random") and size <= 10_000_000:
                for peer in _peers(codes, generator):
                    if peer["peer"] == "faiss IndexBinaryFlat" and "ms" in peer:
                        peer["times_ours"] = round(peer["ms"] / row["query_ms"])
                    tell({"entries": size, "codes": kind, **peer})
    return rows


def _warm_up() -> None:
    """Compiles the kernels, or loads them."""
    codes = _random(np.random.default_rng(0), 20_000)
    HammingIndex.from_codes(codes).range_search(codes[:2], RADIUS)


def _sets(size: int, real: Path | None) -> Iterator[tuple[str, Codes]]:
    generator = np.random.default_rng(size)
    yield "random", _random(generator, size)
    if size <= 10_000_000:
        yield "random, as even as real PDQ hashes", _even(_random(generator, size))
        yield "a tenth share most bits", _crowded(generator, size)
        if real is not None:
            yield "real hashes and their neighbours", _neighbours(generator, _hashes(real), size)


def _measure(codes: Codes, generator: np.random.Generator, path: Path) -> Row:
    build_s, built = _wall(lambda: HammingIndex.from_codes(codes))
    save_s, _ = _wall(lambda: built.save(path))
    open_s, index = _wall(lambda: HammingIndex.open(path))
    verify_s, _ = _wall(index.verify)
    fresh = _even if not (np.bitwise_count(codes[:1000]).sum(axis=1) & 1).any() else (lambda queries: queries)
    _searched(index, fresh(_random(generator, 64)))
    batch = min(_searched(index, fresh(_random(generator, 2000))) / 2000 for _ in range(ROUNDS))
    singles = [_searched(index, fresh(_random(generator, 1))) for _ in range(1000)]
    members = [_searched(index, codes[[row]]) for row in generator.integers(0, len(codes), 300)]
    stats = index.stats()
    return {
        "query_ms": _ms(batch),
        "single_query_ms": _ms(float(np.median(singles))),
        "member_query_ms": _ms(float(np.median(members))),
        "slowest_member_query_ms": _ms(max(members)),
        **_planted(index, codes, generator),
        "build_wall_s": round(build_s, 2),
        "save_wall_s": round(save_s, 2),
        "open_wall_s": round(open_s, 4),
        "verify_wall_s": round(verify_s, 2),
        "bytes_per_entry": stats["bytes_per_entry"],
        "dense": stats["dense"],
        "file_mb": round(path.stat().st_size / 1e6),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _planted(index: HammingIndex, codes: Codes, generator: np.random.Generator) -> Row:
    """How many of `PLANTED` neighbours, equally many at each distance 0..31, are found at that distance."""
    rows = generator.integers(0, len(codes), PLANTED)
    distances = np.arange(PLANTED) % (RADIUS + 1)
    queries = _changed(codes[rows], distances, generator)
    started = time.thread_time()
    found_rows, ids, found_bits = index.range_search(queries, RADIUS)
    seconds = time.thread_time() - started
    right = np.zeros(PLANTED, np.bool_)
    right[found_rows[(ids == rows[found_rows]) & (found_bits == distances[found_rows])]] = True
    least = min(float(right[distances == distance].mean()) for distance in range(RADIUS + 1))
    return {
        "planted_found": f"{int(right.sum())} of {PLANTED}",
        "least_recall_at_a_distance": round(least, 4),
        "planted_query_ms": _ms(seconds / PLANTED),
    }


def _changed(codes: Codes, distances: npt.ArrayLike, generator: np.random.Generator) -> Codes:
    """Codes with exactly so many bits inverted, anywhere."""
    bits = np.unpackbits(codes, axis=1)
    order = np.argsort(generator.random(bits.shape), axis=1)
    flips = np.arange(256) < np.asarray(distances).reshape(-1, 1)
    np.put_along_axis(bits, order, np.take_along_axis(bits, order, 1) ^ flips, 1)
    return np.packbits(bits, axis=1)


def _random(generator: np.random.Generator, count: int) -> Codes:
    return generator.integers(0, 256, (count, 32), dtype=np.uint8)


def _even(codes: Codes) -> Codes:
    """The codes with one bit changed where their number of ones was odd: real ones have 128."""
    for start in range(0, len(codes), BLOCK):
        block = codes[start : start + BLOCK]
        block[:, 31] ^= (np.bitwise_count(block).sum(axis=1) & 1).astype(np.uint8)
    return codes


def _crowded(generator: np.random.Generator, size: int) -> Codes:
    """A tenth of the codes differ from one code in some bits of one quarter of it alone."""
    codes = _random(generator, size)
    crowd = np.tile(codes[0], (size // 10, 1))
    crowd[:, :8] ^= _random(generator, size // 10)[:, :8] & _random(generator, size // 10)[:, :8]
    codes[: size // 10] = crowd
    return codes


def _neighbours(generator: np.random.Generator, hashes: Codes, size: int) -> Codes:
    """Hashes of real photographs, and neighbours of them, some up to 60 bits away: ``size`` in all."""
    codes = hashes[generator.integers(0, len(hashes), size)]
    for start in range(0, size, BLOCK):
        block = codes[start : start + BLOCK]
        flips = generator.random((len(block), 256)) < generator.uniform(0, 60 / 256, (len(block), 1))
        block ^= np.packbits(flips, axis=1)
    return codes


def _hashes(source: Path) -> Codes:
    """PDQ hashes uint8 (n, 32) of a folder's photographs, or from a file of hashes."""
    if source.suffix == ".npy":
        return np.asarray(np.load(source, allow_pickle=False), np.uint8).reshape(-1, 32)
    if source.is_file():
        lines = source.read_text(encoding="utf-8").splitlines()
        return np.frombuffer(bytes.fromhex("".join(line[:64] for line in lines)), np.uint8).reshape(-1, 32)
    from holdfast.screening.hashes import FileHasher
    from holdfast.settings import MediaSettings

    with FileHasher(MediaSettings()) as hasher:
        found = [hasher.hash_file(path) for path in sorted(source.rglob("*")) if path.is_file()]
    return np.stack([one.pdq.bits for hashes in found for one in hashes.pdq[:1]])


def _peers(codes: Codes, generator: np.random.Generator) -> Iterator[Row]:
    try:
        faiss = importlib.import_module("faiss")
    except ImportError:
        yield {"peer": "faiss", "skipped": "not installed: pip install 'holdfast[peers]'"}
        return
    faiss.omp_set_num_threads(1)
    flat = faiss.IndexBinaryFlat(256)
    flat.add(codes)
    # faiss takes distances below its radius, we take those up to ours.
    times = [
        _processor(lambda: flat.range_search(_random(generator, 20), RADIUS + 1))[0] / 20 for _ in range(3)
    ]
    yield {"peer": "faiss IndexBinaryFlat", "ms": _ms(min(times))}
    yield from _inverted_file(faiss, codes, generator)


def _inverted_file(faiss: Any, codes: Codes, generator: np.random.Generator) -> Iterator[Row]:
    """Fast, but it misses: the share of neighbours at 31 bits that are found, by number of lists probed."""
    quantizer = faiss.IndexBinaryFlat(256)
    index = faiss.IndexBinaryIVF(quantizer, 256, 4096 if len(codes) > 1_000_000 else 1024)
    index.train(codes[:200_000])
    index.add(codes)
    rows = generator.integers(0, len(codes), 1000)
    queries = _changed(codes[rows], RADIUS, generator)
    for probes in (1, 8, 32):
        index.nprobe = probes
        seconds, (_, labels) = _processor(lambda: index.search(queries, 1))
        recall = float((labels[:, 0] == rows).mean())
        name = f"faiss IndexBinaryIVF nprobe {probes}"
        yield {"peer": name, "ms": _ms(seconds / len(rows)), "finds_at_31_bits": round(recall, 3)}


def _searched(index: HammingIndex, queries: Codes) -> float:
    """Seconds that one call takes the processor."""
    return _processor(lambda: index.range_search(queries, RADIUS))[0]


def _processor(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds of all of this process's threads (faiss brings its own), and the result."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def _wall(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 4)


def _print(row: Row, as_json: bool) -> None:
    text = json.dumps(row) if as_json else "  ".join(f"{key} {value}" for key, value in row.items())
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
