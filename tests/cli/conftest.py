"""Commands run in this process, on a home of their own."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from holdfast.cli.main import app


class Commands:
    """``run(...)`` gives what a command printed, ``json(...)`` its objects, ``fails(...)`` its error."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._runner = CliRunner()

    def run(self, *arguments: object, input: str = "", status: int = 0) -> str:  # noqa: A002  (as in click)
        done = self._runner.invoke(app, [*map(str, arguments)], input=input)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == status, done.output
        return done.stdout

    def json(self, *arguments: object, status: int = 0) -> list[dict[str, Any]]:
        lines = self.run(*arguments, "--json", status=status).splitlines()
        return [json.loads(line) for line in lines]


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """A home that was made ready with `holdfast init`."""
    ours = [name for name in os.environ if name.startswith("HOLDFAST_") and name != "HOLDFAST_CACHE_DIR"]
    for name in ours:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOLDFAST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOLDFAST_WEBHOOKS__ALLOW_LOOPBACK_HTTP", "true")
    made = Commands(tmp_path / "home")
    made.run("init", "--yes")
    return made
