"""What several elements of a document must keep together.

words         what a rule is
common        persons, contacts, accounts, wherever they stand
report        a report
batched       a batched report and its one file
file_details  the details of a file
"""

from __future__ import annotations

from lxml import etree

from holdfast.reporting.cybertip.problems import Problem
from holdfast.reporting.cybertip.rules import batched, common, file_details, report
from holdfast.reporting.cybertip.rules.words import Rule, Scope

__all__ = ["RULES", "broken_rules"]

RULES: tuple[Rule, ...] = (*report.RULES, *common.RULES, *file_details.RULES, *batched.RULES)


def broken_rules(root: etree._Element, *, of_batched: bool) -> list[Problem]:
    """Every problem that the rules for this document find. It need not keep the schema."""
    if root.tag == "report":
        scopes = {Scope.REPORT, Scope.ANY}
        if root.find("batchedReport") is not None:
            scopes.add(Scope.BATCHED_REPORT)
    else:
        scopes = {Scope.FILE_DETAILS, Scope.ANY}
        if of_batched:
            scopes.add(Scope.BATCHED_FILE)
    return [
        Problem(path, rule.name, rule.says)
        for rule in RULES
        if rule.scope in scopes
        for path in rule.broken_at(root)
    ]
