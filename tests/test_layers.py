"""The table of rooms in docs/architecture.md, enforced on every import of the package."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "holdfast"

BELOW_SERVICE = {
    "media",
    "hashing",
    "matching",
    "banks",
    "records",
    "access",
    "decisions",
    "vault",
    "screening",
    "exchanges",
    "reporting",
    "review",
    "settings",
}
# room -> rooms it may import from (beside itself, `errors`, `_numba` and the version).
ALLOWED: dict[str, set[str]] = {
    "media": set(),
    "hashing": {"media"},
    "matching": set(),
    "records": set(),
    "access": {"records"},
    "vault": {"records"},
    "decisions": {"records"},
    "reporting": {"records", "vault", "decisions", "review", "settings"},
    "client": set(),
    "banks": {"records", "hashing"},
    "review": {"records", "vault", "decisions", "banks"},
    "exchanges": {"banks", "records"},
    "screening": {
        "media",
        "hashing",
        "matching",
        "banks",
        "records",
        "access",
        "decisions",
        "vault",
        "settings",
    },
    "service": BELOW_SERVICE,
    "api": BELOW_SERVICE | {"service", "console"},
    "bench": BELOW_SERVICE | {"service", "api", "client"},
    "console": BELOW_SERVICE | {"service", "api", "reporting", "review"},
    "cli": BELOW_SERVICE | {"service", "api", "bench"},
}
# The library rooms are without input or output to a database or network.
FORBIDDEN_OUTSIDE = {
    "sqlalchemy",
    "alembic",
    "psycopg",
    "httpx2",
    "requests",
    "urllib",
    "http",
    "fastapi",
    "typer",
}
LIBRARY_ROOMS = ("media", "hashing", "matching")


def _imports(path: Path) -> set[str]:
    """Dotted names of the modules that a file imports at run time, wherever the statement stands."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module)
            if node.module == "holdfast":
                names.update(f"holdfast.{alias.name}" for alias in node.names)
    return names


def _rooms() -> list[str]:
    return sorted(path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__")


def test_every_room_is_in_the_table() -> None:
    assert set(_rooms()) == set(ALLOWED)


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_imports_only_what_it_may(room: str) -> None:
    may = ALLOWED[room] | {room, "errors", "_numba"}
    for path in (PACKAGE / room).rglob("*.py"):
        for name in _imports(path):
            if name.startswith("holdfast.") and name != "holdfast.__version__":
                assert name.split(".")[1] in may, f"{path} imports {name}"


@pytest.mark.parametrize("room", LIBRARY_ROOMS)
def test_library_rooms_touch_no_database_and_no_network(room: str) -> None:
    for path in (PACKAGE / room).rglob("*.py"):
        outside = {name.split(".")[0] for name in _imports(path)}
        assert not outside & FORBIDDEN_OUTSIDE, path


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500


def test_no_pickle_no_eval_no_shell() -> None:
    unsafe = re.compile(r"\bimport (pickle|marshal|shelve|dill)\b|\beval\(|\bexec\(|shell=True|os\.system")
    for path in PACKAGE.rglob("*.py"):
        assert not unsafe.search(path.read_text(encoding="utf-8")), path


def test_stand_ins_and_product_know_nothing_of_each_other() -> None:
    for folder, other in ((PACKAGE.parent.parent / "standins", "holdfast"), (PACKAGE, "standins")):
        imports = re.compile(rf"^\s*(import|from) {other}\b", re.MULTILINE)
        for path in folder.rglob("*.py"):
            assert not imports.search(path.read_text(encoding="utf-8")), path
