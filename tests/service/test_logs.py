"""The log: one JSON object a line, without other people's words or traces, and without what slows a start."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from holdfast.service.logs import note

PROGRAM = """
import sys
from holdfast.service.logs import load_structlog, note, set_up_logs
load_structlog()
assert "rich" not in sys.modules
import logging, structlog
early = structlog.get_logger("early")
set_up_logs()
early.info("something happened", count=3)
structlog.get_logger("x").debug("not this")
logging.getLogger("other").info("nor this")
logging.getLogger("other").warning("words of %s", "theirs")
try:
    raise ValueError("f8f8f0cee0f4a84f")
except ValueError:
    logging.getLogger("other").exception("it broke on f8f8f0cee0f4a84f")
note("the supervisor's own", pause_s=1.5)
import rich
"""


def test_every_line_is_an_object_and_no_trace_gets_out() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == "" and "f8f8" not in done.stderr and "Traceback" not in done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == [
        "something happened",
        "words of theirs",
        "ValueError",
        "the supervisor's own",
    ]
    assert lines[0]["count"] == 3 and lines[3]["pause_s"] == 1.5
    assert {line["level"] for line in lines} == {"info", "warning", "error"}
    assert all(line["at"].endswith("Z") for line in lines)


def test_on_a_terminal_it_is_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    note("a process ended", level="error", how="signal 9")
    assert "[error  ] a process ended how=signal 9" in capsys.readouterr().err
