"""Text that is encrypted on its way: whole, or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.service.sealed_file import sealed_text
from holdfast.vault.backup import file_pieces
from holdfast.vault.sealing import Identity, decrypt_stream

IDENTITY = Identity.new()


def opened(path: Path) -> str:
    return b"".join(decrypt_stream(file_pieces(path), IDENTITY)).decode()


@pytest.mark.parametrize("lines", [0, 1, 50_000])
def test_what_is_written_comes_out(tmp_path: Path, lines: int) -> None:
    text = "".join(f"line {number} ü\n" for number in range(lines))
    path = tmp_path / "list"
    with sealed_text(path, IDENTITY.recipient) as stream:
        for line in text.splitlines(keepends=True):
            stream.write(line)
    assert opened(path) == text
    assert path.stat().st_mode & 0o777 == 0o600
    assert "line" not in path.read_bytes().decode("latin-1")


def test_an_error_on_the_way_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "list"
    with sealed_text(path, IDENTITY.recipient) as stream:
        stream.write("the first one")
    with pytest.raises(ValueError, match="on the way"), sealed_text(path, IDENTITY.recipient) as stream:
        stream.write("half of the second")
        raise ValueError("on the way")
    assert opened(path) == "the first one"
    assert [one.name for one in tmp_path.iterdir()] == ["list"]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(FileNotFoundError),
        sealed_text(tmp_path / "no" / "list", IDENTITY.recipient) as stream,
    ):
        stream.write("x" * 10_000_000)
    with (
        pytest.raises(FileNotFoundError),
        sealed_text(tmp_path / "no" / "list", IDENTITY.recipient) as stream,
    ):
        stream.write("x")
