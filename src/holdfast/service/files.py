"""The files that a new home gets to be edited: settings, policy and rules, each with its explanations."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from holdfast.decisions.policy import DEFAULT_POLICY
from holdfast.decisions.rules import DEFAULT_RULES
from holdfast.settings import Settings
from holdfast.vault.files import write_new_file

__all__ = ["settings_text", "write_files"]

_HEAD = """\
# Settings of this home. Every one is here, with its default behind a #: take that away to change it.
# docs/settings.md says more. The environment goes before this file: HOLDFAST_SECTION__NAME.
"""


def write_files(
    home: Path, key_file: Path | None, database_url: str | None = None
) -> tuple[list[Path], list[Path]]:
    """Writes settings.toml, policy.toml and rules.toml where they are absent: (written, left as they were).

    ``key_file`` and ``database_url`` are named in the settings when they are not those by default.
    """
    texts = {
        "settings.toml": settings_text(key_file, database_url),
        "policy.toml": DEFAULT_POLICY.read_text(encoding="utf-8"),
        "rules.toml": DEFAULT_RULES.read_text(encoding="utf-8"),
    }
    written, kept = [], []
    for name, text in texts.items():
        path = home / name
        try:
            write_new_file(path, text.encode())
        except FileExistsError:
            kept.append(path)
        else:
            written.append(path)
    return written, kept


def settings_text(key_file: Path | None = None, database_url: str | None = None) -> str:
    """All settings as TOML, commented out; ``vault.key_file`` and ``database_url`` set where given."""
    parts = [_HEAD]
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            given = {"key_file": str(key_file)} if name == "vault" and key_file is not None else {}
            lines = [_entry(key, one, given.get(key)) for key, one in section.model_fields.items()]
            title = (section.__doc__ or name).strip().partition("\n")[0]
            parts.append(f"[{name}]  # {title}\n" + "\n".join(lines))
        else:
            parts.append(_entry(name, field, database_url if name == "database_url" else None))
    return "\n".join(parts)


def _entry(name: str, field: FieldInfo, given: str | None) -> str:
    comment = textwrap.fill(field.description or "", 100, initial_indent="# ", subsequent_indent="# ")
    if given is not None:
        return f"{comment}\n{name} = {json.dumps(given)}\n"
    default = field.get_default(call_default_factory=True)
    return f"{comment}\n#{name} = {'...' if default is None else _toml(default)}\n"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)
