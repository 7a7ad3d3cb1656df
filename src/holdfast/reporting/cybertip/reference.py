"""docs/cybertip-elements.md, made from the tables: `python -m holdfast.reporting.cybertip.reference`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from holdfast.reporting.cybertip.rules import RULES
from holdfast.reporting.cybertip.rules.words import Rule, Scope
from holdfast.reporting.cybertip.schema.listing import Place, places, rules_of
from holdfast.reporting.cybertip.schema.words import Kind, Type, Value
from holdfast.reporting.cybertip.texts import RULES as TEXT_RULES
from holdfast.reporting.cybertip.validate import STRUCTURE_RULES

__all__ = ["page"]

OLDER_ONLY = "meme_or_annotations"  # of an element that is in the schema only
MANY_CHOICES = 12
HEAD = """\
# Elements and rules of a CyberTipline report

Made from the tables in `src/holdfast/reporting/cybertip/schema` and `rules`: `make docs` renews it, and a
test holds the two together. What a report is, and how it is filed, is in [reporting.md](reporting.md).

`holdfast.reporting.cybertip.build` writes no document that breaks one of these rules, and `validate` names
the element and the rule. Each rule is broken by a test at each place where it can be broken; the stand-in,
which has tables and code of its own, refuses the same documents.
"""
ELEMENTS = """
## Elements and attributes

*Number*: how many may stand there. *Refused as*: the rules that can be broken there, each tried by
`tests/reporting/test_elements.py::test_element[PATH]`. Rules across elements come further below.
"""


def page() -> str:
    """The page as it must lie in docs/."""
    lines = [HEAD, *_texts(), ELEMENTS]
    for root in ("report", "fileDetails"):
        lines += [
            f"### `{root}`",
            "",
            "| element or attribute | number | holds | refused as |",
            "| --- | --- | --- | --- |",
        ]
        lines += [_row(place) for place in places() if place.path.split("/")[1] == root]
        lines.append("")
    return "\n".join([*lines, *_across()]).rstrip() + "\n"


def _texts() -> Iterator[str]:
    yield "## Rules of structure and of texts\n"
    yield "| rule | asks for |\n| --- | --- |"
    for name, says in {**STRUCTURE_RULES, **TEXT_RULES}.items():
        yield f"| `{name}` | {says} |"


def _row(place: Place) -> str:
    if place.attribute is not None:
        number = "1" if place.attribute.is_required else "0..1"
    else:
        number = place.element.number
    holds = _children(place.element.type) if place.value is None else _holds(place.value)
    if place.element.is_legacy:
        holds += "; read, never written: the documentation has dropped it"
    rules = ", ".join(f"`{name}`" for name in rules_of(place))
    return f"| `{place.path}` | {number} | {holds} | {rules} |"


def _children(kind: Value | Type) -> str:
    return "children" if isinstance(kind, Type) and kind.children else "attributes only"


def _holds(value: Value) -> str:
    said = {
        Kind.TEXT: "text",
        Kind.URL: "URL",
        Kind.EMAIL: "e-mail address",
        Kind.BOOLEAN: "true or false",
        Kind.FLAG: "flag: there and true, or not there",
        Kind.MOMENT: "date and time with a zone",
        Kind.DATE: "date",
        Kind.INTEGER: "whole number",
        Kind.DECIMAL: "number",
        Kind.IP_ADDRESS: "IP address",
        Kind.PATTERN: f"text of the form `{value.pattern}`",
    }.get(value.kind, "")
    if value.kind is Kind.CHOICE:
        few = len(value.choices) <= MANY_CHOICES
        said = "; ".join(value.choices) if few else f"one of {len(value.choices)} codes"
    if value.is_past:
        said += ", past"
    if value.max_characters is not None:
        said += f", at most {value.max_characters} characters"
    if value.lowest is not None and value.highest is not None:
        said += f", {value.lowest} to {value.highest}"
    return said.replace("|", "\\|")


def _across() -> Iterator[str]:
    yield "## Rules across elements\n"
    yield "| rule | about | the element named | test |\n| --- | --- | --- | --- |"
    for rule in RULES:
        yield f"| `{rule.name}` | {rule.scope.value} | {rule.says} | `{_test(rule)}` |"
    yield (
        "| `batched_one_file` | filing of a batched report | goes with exactly one file "
        "| `tests/reporting/test_filing.py::test_a_batched_report_goes_with_one_file` |"
    )


def _test(rule: Rule) -> str:
    if rule.name == OLDER_ONLY:
        name = "test_rule_of_older_documents"
    elif rule.scope in (Scope.FILE_DETAILS, Scope.BATCHED_FILE):
        name = "test_rule_of_file_details"
    else:
        name = "test_rule_of_a_report"
    return f"tests/reporting/test_rules.py::{name}[{rule.name}]"


if __name__ == "__main__":
    sys.stdout.write(page())
