"""Index files: whole or not there, and damage is told apart from an empty answer."""

from __future__ import annotations

import json
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holdfast.errors import IndexFileError
from holdfast.matching.hamming import HammingIndex
from tests.matching.codes import random_codes

COUNT = 9000


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a saved index of 9,000 random codes (seed 1)."""
    path = tmp_path_factory.mktemp("index") / "index.hfx"
    HammingIndex.from_codes(random_codes(np.random.default_rng(1), COUNT)).save(path, {"position": 7})
    return path.read_bytes()


def _header(content: bytes) -> dict[str, Any]:
    (length,) = struct.unpack_from("<I", content, 12)
    header: dict[str, Any] = json.loads(content[20 : 20 + length])
    return header


def _header_with(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    """Gives a file another header whose checksum holds: a file that somebody made, not an accident."""

    def changed(content: bytes) -> bytes:
        header = _header(content)
        change(header)
        text = json.dumps(header).encode()
        first = min(facts["offset"] for facts in _header(content)["sections"].values())
        start = content[:12] + struct.pack("<II", len(text), zlib.crc32(text)) + text
        return start.ljust(first, b"\0") + content[first:]

    return changed


def test_what_was_saved_is_opened(written: bytes, tmp_path: Path) -> None:
    path = tmp_path / "index.hfx"
    path.write_bytes(written)
    index = HammingIndex.open(path)
    index.verify()
    assert len(index) == COUNT
    assert index.properties == {"position": 7}
    codes = random_codes(np.random.default_rng(1), COUNT)
    assert index.range_search(codes[5:9], 20)[1].tolist() == [5, 6, 7, 8]
    index.add(codes[:1], [COUNT])
    index.remove([5])
    assert path.read_bytes() == written  # changes stay in memory
    index.save(path)
    again = HammingIndex.open(path)
    assert len(again) == COUNT
    assert again.properties == {"position": 7}
    assert again.range_search(codes[[0, 5]], 20)[1].tolist() == [0, COUNT]


def test_equal_lists_make_equal_files(written: bytes, tmp_path: Path) -> None:
    codes = random_codes(np.random.default_rng(1), COUNT)
    index = HammingIndex.from_codes(codes[4000:], np.arange(4000, COUNT))
    index.add(codes[:4000], np.arange(4000))
    index.save(tmp_path / "other.hfx", {"position": 7})
    assert (tmp_path / "other.hfx").read_bytes() == written
    built = HammingIndex.build(tmp_path / "built.hfx", codes, properties={"position": 7})
    assert (tmp_path / "built.hfx").read_bytes() == written
    assert len(built) == COUNT


def test_files_may_hold_nothing_or_one_code(tmp_path: Path) -> None:
    for count in (0, 1):
        codes = random_codes(np.random.default_rng(1), count)
        index = HammingIndex.build(tmp_path / "index.hfx", codes)
        index.verify()
        index.save(tmp_path / "again.hfx")
        again = HammingIndex.open(tmp_path / "again.hfx")
        assert again.range_search(np.zeros((1, 32), np.uint8), 63)[1].tolist() == []
        assert again.range_search(codes, 0)[1].tolist() == list(range(count))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: b"", "no Holdfast index"),
        (lambda content: content[:10], "no Holdfast index"),
        (lambda content: b"SQLite format 3\0" + content[16:], "no Holdfast index"),
        (lambda content: content[:8] + struct.pack("<I", 2) + content[12:], "format version 2"),
        (lambda content: content[:12] + struct.pack("<I", 2**31) + content[16:], "header is damaged"),
        (lambda content: content[:100] + bytes([content[100] ^ 1]) + content[101:], "header is damaged"),
        (lambda content: content[:-1], "cut short"),
        (lambda content: content[: len(content) // 2], "cut short"),
        (lambda content: content[:300], "header is damaged"),
        (_header_with(lambda h: h.pop("sections")), "does not say"),
        (_header_with(lambda h: h["sections"]["codes"].update(offset=-4096)), "past its end"),
        (_header_with(lambda h: h["sections"]["codes"].update(offset=10**15)), "past its end"),
        (_header_with(lambda h: h["sections"]["codes"].update(dtype="|O")), "does not say"),
        (_header_with(lambda h: h["sections"]["ids"].update(shape=[5])), "fit together"),
        (_header_with(lambda h: h["sections"].pop("ids")), "lacks"),
        (_header_with(lambda h: h["properties"].pop("parity")), "lacks"),
        (_header_with(lambda h: h["properties"].update(widths=[256])), "fit together"),
        (_header_with(lambda h: h["properties"].update(block_bits=3)), "fit together"),
        (_header_with(lambda h: h["properties"].update(dense=COUNT + 1)), "fit together"),
    ],
)
def test_damage_is_told(
    written: bytes, tmp_path: Path, damage: Callable[[bytes], bytes], message: str
) -> None:
    path = tmp_path / "index.hfx"
    path.write_bytes(damage(written))
    with pytest.raises(IndexFileError, match=message) as raised:
        HammingIndex.open(path)
    assert str(path) in str(raised.value)


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.hfx", tmp_path):
        with pytest.raises(IndexFileError, match="cannot be opened"):
            HammingIndex.open(path)


@pytest.mark.parametrize("section", ["codes", "ids", "offsets", "signatures", "positions"])
def test_a_flipped_bit_anywhere_is_found_by_verify(written: bytes, tmp_path: Path, section: str) -> None:
    sections = _header(written)["sections"]
    content = bytearray(written)
    content[sections[section]["offset"] + 500] ^= 16
    path = tmp_path / "index.hfx"
    path.write_bytes(content)
    index = HammingIndex.open(path)
    with pytest.raises(IndexFileError, match=section):
        index.verify()


def test_a_search_in_a_damaged_file_does_not_crash(written: bytes, tmp_path: Path) -> None:
    sections = _header(written)["sections"]
    generator = np.random.default_rng(2)
    codes = random_codes(np.random.default_rng(1), COUNT)
    path = tmp_path / "index.hfx"
    raised = 0
    for name in ("offsets", "positions"):
        content = np.frombuffer(written, np.uint8).copy()
        start = sections[name]["offset"]
        content[start : start + 20_000] = generator.integers(0, 256, 20_000)
        path.write_bytes(content.tobytes())
        try:
            HammingIndex.open(path).range_search(codes[:200], 31)
        except IndexFileError:
            raised += 1
    assert raised


SAVER = """
import sys
import numpy as np
from holdfast.matching.hamming import HammingIndex
generator = np.random.default_rng(int(sys.argv[2]))
index = HammingIndex.from_codes(generator.integers(0, 256, (60000, 32), dtype=np.uint8))
print("ready", flush=True)
while True:
    index.save(sys.argv[1], {"seed": int(sys.argv[2])})
"""


def test_a_kill_in_the_middle_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / "index.hfx"
    generator = np.random.default_rng(3)
    HammingIndex.from_codes(random_codes(generator, COUNT)).save(path, {"seed": 0})
    for seed in (1, 2, 3):
        command = [sys.executable, "-c", SAVER, str(path), str(seed)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(float(generator.uniform(0.0, 0.4)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        index = HammingIndex.open(path)
        index.verify()
        assert len(index) == (60_000 if index.properties["seed"] else COUNT)
    HammingIndex.from_codes(random_codes(generator, 5)).save(path)
    assert [file.name for file in tmp_path.iterdir()] == ["index.hfx"]  # what the killed left is cleared away
