"""docs/client.md: its code runs against the real service, its quotations are true, its tables are whole."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from holdfast import client
from holdfast.access.roles import Role
from holdfast.client import ClientError
from tests.client.conftest import Service
from tests.pictures import encoded, picture

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "client.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
QUOTED = [block for block in BLOCKS if block.startswith("# examples/")]
RUN = [block for block in BLOCKS if block not in QUOTED]


def test_the_code_of_the_page_runs(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of it, one after the other, as a reader would type it."""
    path, listed = tmp_path / "IMG_0001.jpg", tmp_path / "list.txt"
    path.write_bytes(encoded(picture(80)))
    values = [f"{'0f' * number}{'f0' * (32 - number)}" for number in range(1, 30)]  # even, as PDQ hashes are
    listed.write_text("\n".join(values), encoding="ascii")
    done: list[str] = []

    def note(word: str) -> Callable[[Path], list[str]]:
        def act(_: Path) -> list[str]:
            done.append(word)
            return ["photo"]

        return act

    names: dict[str, Any] = {
        "UPLOAD_KEY": service.key(Role.UPLOADER),
        "ANALYST_KEY": service.key(Role.ANALYST),
        "LEAD_KEY": service.key(Role.LEAD),
        "WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "path": path,
        "list_path": listed,
        **{word: note(word) for word in ("publish", "hold", "remove")},
    }
    with client.Client(service.url, service.key(Role.LEAD)) as lead:
        lead.create_bank("SOME")
    service.runtime.screener.refresh()
    ask = RUN[0]
    for block in RUN:
        if "follow_events" in block:  # it waits for something to happen
            service.runtime.screener.refresh()
            _run(ask, service, names)
        _run(block, service, names)
    assert done == ["publish", "remove"], "unknown at first; on a trusted list in the end"
    assert names["answer"].must_hold
    assert names["cursor"] > 0
    assert names["done"].result["added"] == 29
    assert names["receive"]({}, b"") is None
    said = capsys.readouterr().out
    assert "no_match" in said
    assert "case 4711, picture 3" in said
    for one in ("client", "analyst", "lead"):
        names[one].close()


def _run(block: str, service: Service, names: dict[str, Any]) -> None:
    before = names.get("client")
    exec(compile(block.replace("https://holdfast.example.org", service.url), "client.md", "exec"), names)
    if before is not None and names["client"] is not before and hasattr(before, "close"):
        before.close()


@pytest.mark.parametrize("block", QUOTED, ids=lambda block: block.partition("\n")[0])
def test_quotations_are_from_the_examples(block: str) -> None:
    first, _, code = block.partition("\n")
    source = (REPOSITORY / first.removeprefix("# ")).read_text(encoding="utf-8")
    depths = (textwrap.indent(code, " " * depth) for depth in range(0, 24, 4))
    assert any(one in source for one in depths)


def test_every_method_and_error_is_described() -> None:
    methods = [name for name, value in vars(client.Client).items() if name[0] != "_" and callable(value)]
    assert [name for name in methods if f"`{name}`" not in PAGE] == []
    errors = [
        name
        for name in client.__all__
        if isinstance(one := getattr(client, name), type) and issubclass(one, ClientError)
    ]
    assert len(errors) > 12
    assert [name for name in errors if f"`{name}`" not in PAGE] == []
    fields = [*client.Answer.__dataclass_fields__, "may_publish", "must_hold", "was_checked"]
    left = {"medium", "size_bytes", "list_version", "policy", "detail", "restraint", "shadow", "suppressed"}
    assert [name for name in fields if f"`{name}`" not in PAGE and name not in left] == ["rules_version"]
