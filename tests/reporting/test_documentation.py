"""docs/cybertip-elements.md is fresh, and every test that it names is there."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from holdfast.reporting.cybertip.reference import page
from holdfast.reporting.cybertip.schema.listing import places
from tests.conftest import REPOSITORY
from tests.reporting import test_filing, test_rules
from tests.reporting.test_elements import PLACES

PAGE = REPOSITORY / "docs" / "cybertip-elements.md"
TESTED: dict[str, Mapping[str, object]] = {
    "test_rule_of_a_report": test_rules.REPORTS,
    "test_rule_of_file_details": {**test_rules.FILES, **test_rules.BATCHED_FILES},
    "test_rule_of_older_documents": test_rules.LEGACY,
}


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make docs"


def test_every_place_is_on_the_page_and_has_a_test() -> None:
    paths = re.findall(r"^\| `(/[^`]+)` \|", page(), re.MULTILINE)
    assert paths == [place.path for place in places()]
    assert set(paths) - {place.path for place in PLACES} == {
        "/fileDetails/fileName",
        "/fileDetails/potentialMeme",
    }


@pytest.mark.parametrize(("name", "rule"), re.findall(r"test_rules\.py::(\w+)\[(\w+)\]", page()))
def test_a_test_that_the_page_names_is_there(name: str, rule: str) -> None:
    assert callable(getattr(test_rules, name))
    assert rule in TESTED[name]


def test_the_test_of_filing_is_there() -> None:
    (name,) = re.findall(r"test_filing\.py::(\w+)", page())
    assert callable(getattr(test_filing, name))
