"""The benchmark of the index runs, and its figures are about what they say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from holdfast.bench import index


def test_every_row_is_told_and_every_neighbour_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "ROUNDS", 1)
    hashes = np.random.default_rng(1).integers(0, 256, (40, 32), dtype=np.uint8)
    listed = tmp_path / "hashes.txt"
    listed.write_text("".join(code.tobytes().hex() + ",a label\n" for code in hashes), encoding="utf-8")
    rows = index.run(sizes=[20_000], real=listed, peers=False, as_json=True)
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == rows
    assert [row.get("codes", "")[:6] for row in rows] == ["", "random", "random", "a tent", "real h"]
    for row in rows[1:]:
        assert row["planted_found"] == "10000 of 10000"
        assert row["least_recall_at_a_distance"] == 1
        assert row["query_ms"] > 0
    assert rows[3]["dense"] >= 2000
