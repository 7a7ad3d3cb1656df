"""Every command, setting and decision is documented, and what is generated is fresh."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from holdfast.cli.reference import commands, page
from holdfast.settings import Settings

REPOSITORY = Path(__file__).resolve().parent.parent
DOCS = REPOSITORY / "docs"


def _settings(model: type[BaseModel], prefix: str = "") -> list[str]:
    names = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names += _settings(kind, f"{prefix}{name}.")
        else:
            names.append(prefix + name)
    return names


def test_the_command_page_is_fresh() -> None:
    assert (DOCS / "commands.md").read_text(encoding="utf-8") == page(), "run: make docs"


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_says_what_it_does(name: str) -> None:
    command = dict(commands())[name]
    assert command.help, name
    for parameter in command.params:
        assert getattr(parameter, "help", "") or parameter.param_type_name == "argument", (
            name,
            parameter.name,
        )


@pytest.mark.parametrize("name", _settings(Settings))
def test_every_setting_has_a_heading(name: str) -> None:
    assert f"### `{name}`" in (DOCS / "settings.md").read_text(encoding="utf-8")


def test_links_between_pages_lead_somewhere() -> None:
    for page_path in [*DOCS.rglob("*.md"), *REPOSITORY.glob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page_path.read_text(encoding="utf-8")):
            if not target.startswith(("http://", "https://", "mailto:")):
                assert (page_path.parent / target).exists(), f"{page_path.name} links to {target}"


def test_decisions_are_numbered_once() -> None:
    numbers = [path.name[:4] for path in (DOCS / "decisions").glob("*.md")]
    assert len(numbers) == len(set(numbers))
