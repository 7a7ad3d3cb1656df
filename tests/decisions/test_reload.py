"""A rules file that changes under the engine: whole or not at all."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from holdfast.decisions.engine import open_rules
from holdfast.decisions.facts import MatchFacts
from holdfast.errors import RulesError

NOTHING = MatchFacts("no_match", "image")


def text(name: str, action: str = "allow") -> str:
    rules = "".join(
        f'[[rule]]\nname = "{name}-{number}"\nclass = "{name}"\nreason = "r"\n'
        f'when = {{ outcome = "no_match", account = "{number}" }}\nthen = {{ {action} = true }}\n'
        for number in range(50)
    )
    last = f'[[rule]]\nname = "{name}"\nclass = "{name}"\nreason = "{name}"\n'
    return (
        f'version = "{name}"\n{rules}{last}when = {{ outcome = "no_match" }}\nthen = {{ {action} = true }}\n'
    )


def test_a_good_file_takes_over_and_a_bad_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text("first"))
    opened = open_rules(path)
    first = opened.current.version
    assert not opened.reload_if_changed()

    path.write_text(text("second") + "[[rule]]\n")
    assert not opened.reload_if_changed()
    assert opened.current.version == first
    assert "[[rule]] 52: name: is missing" in str(opened.error)
    assert not opened.reload_if_changed()  # the same bad file is not read again and again
    assert "name: is missing" in str(opened.error)

    path.unlink()
    assert isinstance(opened.reload(), RulesError)
    assert opened.current.evaluate(NOTHING).rule == "first"

    path.write_text(text("second"))
    assert opened.reload_if_changed()
    assert opened.error is None
    assert opened.current.evaluate(NOTHING).rule == "second"
    assert opened.current.version != first


def test_the_version_follows_the_content(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text("same"))
    one = open_rules(path).current.version
    path.write_text(text("same", "quarantine"))
    two = open_rules(path).current.version
    assert one.startswith("same+") and two.startswith("same+") and one != two


def test_a_service_does_not_start_on_rules_that_it_cannot_read(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="cannot be read"):
        open_rules(tmp_path / "absent.toml")


def test_readers_see_one_version_or_the_other(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text("aa"))
    opened = open_rules(path)
    stop = threading.Event()
    mixed: list[tuple[str, str]] = []

    def read() -> None:
        while not stop.is_set():
            decision = opened.current.evaluate(NOTHING)
            if not decision.version.startswith(decision.rule + "+"):
                mixed.append((decision.rule, decision.version))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(30):
        fresh = tmp_path / "fresh.toml"
        fresh.write_text(text("ab" if number % 2 == 0 else "aa") + ("x = [" if number % 5 == 4 else ""))
        fresh.replace(path)
        opened.reload()
    stop.set()
    for reader in readers:
        reader.join()
    assert mixed == []
