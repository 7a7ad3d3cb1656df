"""Reading a TOML file strictly: a problem is told with file, table and key; nothing unknown passes."""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from holdfast.errors import SettingsError

__all__ = ["MAX_FILE_BYTES", "SLUG_CHARACTERS", "Table", "is_slug", "parse", "read_file"]

MAX_FILE_BYTES: Final = 1024 * 1024
SLUG_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")


def read_file(path: Path, error: type[SettingsError]) -> tuple[dict[str, Any], str]:
    """The tables of the TOML file ``path`` and the SHA-256 of its bytes, in hex. Raises ``error``."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as problem:
        raise error(f"{path} cannot be read: {problem.strerror}. It was not loaded.") from problem
    return parse(data, path, error)


def parse(data: bytes, path: Path, error: type[SettingsError]) -> tuple[dict[str, Any], str]:
    """The same for the bytes of a file; messages call it ``path``."""
    if len(data) > MAX_FILE_BYTES:
        raise error(f"{path} is larger than {MAX_FILE_BYTES} bytes. It was not loaded.")
    try:
        return tomllib.loads(data.decode("utf-8")), hashlib.sha256(data).hexdigest()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise error(f"{path} is not valid TOML: {problem}. It was not loaded. Mend the file.") from problem


def is_slug(text: str) -> bool:
    """True for 1 to 64 small letters, digits, "-", "_" and ".", the first a letter or digit."""
    return 0 < len(text) <= 64 and text[0] not in "-_." and SLUG_CHARACTERS.issuperset(text)


class Table:
    """One table of a file. Each method takes one key and answers a checked value, or raises ``error``.

    Every key that is asked for counts as known; `finish` refuses the rest.
    """

    def __init__(self, values: object, file: Path, name: str, error: type[SettingsError]) -> None:
        self.file = file
        self.name = name
        self.error = error
        self._known: list[str] = []
        if not isinstance(values, dict):
            raise error(f"{file}: {name}: must be a table. The file was not loaded.")
        self.values: Mapping[str, Any] = values

    def fail(self, key: str, problem: str) -> SettingsError:
        """The error to raise: file, table, key, problem."""
        return self.error(f"{self.file}: {self.name}: {key}: {problem} The file was not loaded.")

    def known(self, keys: Iterable[str]) -> None:
        self._known.extend(keys)

    def has(self, key: str) -> bool:
        self._known.append(key)
        return key in self.values

    def need(self, key: str) -> Any:
        if not self.has(key):
            raise self.fail(key, "is missing.")
        return self.values[key]

    def text(self, key: str, max_characters: int) -> str:
        value = self.need(key)
        if not isinstance(value, str) or not value.strip():
            raise self.fail(key, "must be a text that is not empty.")
        if len(value) > max_characters:
            raise self.fail(key, f"is longer than {max_characters} characters.")
        return value.strip()

    def slug(self, key: str) -> str:
        value = self.text(key, 64)
        if not is_slug(value):
            raise self.fail(
                key, 'must be small letters, digits, "-", "_" and ".", and start with one of the first two.'
            )
        return value

    def choice(self, key: str, options: Sequence[str]) -> str:
        value = self.need(key)
        if value not in options:
            raise self.fail(key, f"must be one of {', '.join(options)}, not {value!r}.")
        return str(value)

    def strings(self, key: str, max_characters: int = 500) -> tuple[str, ...]:
        """One text or a list of texts, as a tuple without repeats, in the order of the file."""
        value = self.need(key)
        items = [value] if isinstance(value, str) else value
        if (
            not isinstance(items, list)
            or not items
            or not all(isinstance(item, str) and item for item in items)
        ):
            raise self.fail(key, "must be a text or a list of texts, at least one.")
        if len(set(items)) != len(items):
            raise self.fail(key, "names the same thing twice.")
        if any(len(item) > max_characters for item in items):
            raise self.fail(key, f"has a text longer than {max_characters} characters.")
        return tuple(items)

    def choices(self, key: str, options: Iterable[str]) -> tuple[str, ...]:
        """One of ``options`` or a list of some of them, as a tuple."""
        names = list(options)
        values = self.strings(key)
        for value in values:
            if value not in names:
                near = difflib.get_close_matches(value, names, 1)
                hint = (
                    f" Did you mean {near[0]!r}?" if near else f" It may be {', '.join(sorted(names)[:12])}."
                )
                raise self.fail(key, f"{value!r} is not known.{hint}")
        return values

    def flag(self, key: str) -> bool:
        value = self.need(key)
        if not isinstance(value, bool):
            raise self.fail(key, "must be true or false.")
        return value

    def only_true(self, key: str) -> bool:
        if self.need(key) is not True:
            raise self.fail(key, "can only be true; leave it out otherwise.")
        return True

    def integer(self, key: str, low: int, high: int) -> int:
        value = self.need(key)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.fail(key, f"must be a whole number from {low} to {high}.")
        return value

    def number(self, key: str) -> float:
        value = self.need(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            raise self.fail(key, "must be a number.")
        return float(value)

    def moment(self, key: str) -> datetime:
        value = self.need(key)
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise self.fail(key, "must be a date and time with its zone, such as 2026-12-01T00:00:00+01:00.")
        return value

    def table(self, key: str) -> Table:
        return Table(self.need(key), self.file, f"{self.name} {key}", self.error)

    def tables(self, key: str, *, label: str) -> list[Table]:
        """The array of tables ``[[key]]``; each is named by its number and its ``label``."""
        value = self.need(key)
        if not isinstance(value, list) or not value:
            raise self.fail(key, f"must be one or more [[{key}]] tables.")
        found = []
        for number, item in enumerate(value, 1):
            title = item.get(label) if isinstance(item, dict) else None
            shown = f" ({title})" if isinstance(title, str) else ""
            place = "" if self.name == "top" else f"{self.name} "
            found.append(Table(item, self.file, f"{place}[[{key}]] {number}{shown}", self.error))
        return found

    def finish(self) -> None:
        """Refuse every key that was not asked for."""
        for key in self.values:
            if key not in self._known:
                near = difflib.get_close_matches(key, self._known, 1)
                hint = (
                    f" Did you mean {near[0]!r}?"
                    if near
                    else f" Known keys: {', '.join(dict.fromkeys(self._known))}."
                )
                raise self.fail(key, f"is not a known key.{hint}")
