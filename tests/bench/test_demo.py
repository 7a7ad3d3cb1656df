"""The demo's service knows its lists before the first upload."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.bench.demo_service import demo_service
from holdfast.client import Context
from tests.pictures import encoded, picture

PUBLIC = Context(surface="public", country="US")


def test_what_is_uploaded_first_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_SERVER__REFRESH_S", "1.0")  # a follower that would come too late by itself
    paths = [tmp_path / f"{number}.jpg" for number in range(2)]
    for number, path in enumerate(paths):
        path.write_bytes(encoded(picture(number)))
    with demo_service([paths[0]], paths[1]) as service, service.uploader() as uploader:
        assert uploader.screen(paths[0], PUBLIC).outcome == "match"
        assert uploader.screen(paths[1], PUBLIC).outcome == "no_match"
