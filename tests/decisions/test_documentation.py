"""The pages describe every key of the files, and their examples are files that load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from holdfast.decisions import vocabulary as words
from holdfast.decisions.actions import ACTION_KEYS
from holdfast.decisions.conditions import CONDITIONS
from holdfast.decisions.policy import POLICY_ACTIONS, ROW_KEYS, VERSION_KEYS, load_policy
from holdfast.decisions.rules import RULE_KEYS, TOP_KEYS, load_rules

DOCS = Path(__file__).resolve().parents[2] / "docs"
RULES_PAGE = (DOCS / "decisions-rules.md").read_text(encoding="utf-8")
LEGAL_PAGE = (DOCS / "legal.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"```toml\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("key", [*TOP_KEYS, *RULE_KEYS, *CONDITIONS, *ACTION_KEYS])
def test_every_key_of_the_rules_has_a_row_of_its_own(key: str) -> None:
    assert re.search(rf"^\| `{key}` \|", RULES_PAGE, re.MULTILINE)


@pytest.mark.parametrize(
    "values",
    [
        words.RULE_OUTCOMES,
        words.MEDIA,
        words.SURFACES,
        words.TIERS,
        words.BANK_KINDS,
        words.CLASSIFICATIONS,
        words.STANDINGS,
        words.VIEWS,
        tuple(words.ALGORITHMS),
        words.UNMATCHABLE_REASONS,
        words.CONTEXT_FIELDS,
        tuple(words.COUNTRY_GROUPS),
    ],
)
def test_every_word_of_the_rules_is_described(values: tuple[str, ...]) -> None:
    assert [value for value in values if f"`{value}`" not in RULES_PAGE] == []


@pytest.mark.parametrize("key", [*VERSION_KEYS, *ROW_KEYS, *POLICY_ACTIONS])
def test_every_key_of_the_policy_is_described(key: str) -> None:
    assert f"`{key}`" in LEGAL_PAGE


def test_the_examples_load(tmp_path: Path) -> None:
    rules = EXAMPLE.findall(RULES_PAGE)
    policies = EXAMPLE.findall(LEGAL_PAGE)
    assert len(rules) >= 5
    assert policies
    for text in rules:
        path = tmp_path / "rules.toml"
        path.write_text(
            text if text.startswith("version") else f'version = "example"\n{text}', encoding="utf-8"
        )
        load_rules(path)
    for text in policies:
        path = tmp_path / "policy.toml"
        path.write_text(text, encoding="utf-8")
        load_policy(path)


def test_every_template_is_marked_for_counsel() -> None:
    templates = re.split(r"^## ", LEGAL_PAGE, flags=re.MULTILINE)
    found = [part for part in templates if part.startswith("Template")]
    assert len(found) == 4
    for part in found:
        assert "for your counsel to complete; not legal advice" in part
