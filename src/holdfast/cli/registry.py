"""Every command of `holdfast` and where it is. Only what is asked for is loaded and built.

Building the parameters of all commands takes longer than most of them run, and `holdfast serve` starts the
service's processes only after it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, MutableMapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

__all__ = ["COMMANDS", "Root"]

# name -> (module in `holdfast.cli`, name of the function or of the group there), in the order of the help
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("init", "init"),
    "serve": ("serve", "serve"),
    "worker": ("serve", "worker"),
    "checklist": ("checklist", "app"),
    "doctor": ("doctor", "doctor"),
    "bank": ("banks", "app"),
    "hash": ("hashes", "hash_files"),
    "match": ("match", "match_files"),
    "scan": ("scan", "scan_folder"),
    "key": ("key", "app"),
    "person": ("person", "app"),
    "audit": ("audit", "app"),
    "rules": ("rules", "app"),
    "webhook": ("webhook", "app"),
    "case": ("case", "app"),
    "notice": ("notice", "app"),
    "hold": ("hold", "app"),
    "vault": ("vaults", "app"),
    "report": ("report", "app"),
    "job": ("job", "app"),
    "demo": ("demo", "demo"),
    "bench": ("bench", "app"),
}


class Root(TyperGroup):
    """The command `holdfast` itself."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Built()

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The names with the first sentences of their help, without building any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first_sentence(_load(name))) for name in COMMANDS])


class _Built(MutableMapping[str, Any]):
    """Name -> command, each built when it is first asked for."""

    def __init__(self) -> None:
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            self._built[name] = _build(name, _load(name))  # KeyError where there is none
        return self._built[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._built[name] = command

    def __delitem__(self, name: str) -> None:
        del self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


def _load(name: str) -> typer.Typer | Callable[..., Any]:
    module, attribute = COMMANDS[name]
    found: typer.Typer | Callable[..., Any] = getattr(import_module(f"holdfast.cli.{module}"), attribute)
    return found


def _build(name: str, found: typer.Typer | Callable[..., Any]) -> Any:
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False)
        alone.command(name)(found)
        found = alone
    found.rich_markup_mode = None
    return typer.main.get_command(found)


def _first_sentence(found: typer.Typer | Callable[..., Any]) -> str:
    help_text = None
    if isinstance(found, typer.Typer):
        callback = found.registered_callback
        help_text = found.info.help
        if not isinstance(help_text, str) and callback is not None:
            help_text = inspect.getdoc(callback.callback)
    else:
        help_text = inspect.getdoc(found)
    first = (help_text or "").partition("\n\n")[0].replace("\n", " ")
    return first.partition(". ")[0].rstrip(".") + "."
