"""Reading rules: every refusal, told with file, table and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.decisions.actions import Actions
from holdfast.decisions.engine import Engine
from holdfast.decisions.facts import Context, EntryMatch, MatchFacts
from holdfast.decisions.rules import load_rules
from holdfast.decisions.tables import MAX_FILE_BYTES
from holdfast.errors import RulesError

BLOCK = "block = true"
REPORT = "quarantine = true, queue = 1, draft_report = true"
PICTURE = (
    'algorithm = "pdq", tier = "match", max_distance_bits = 31, view = ["as_is", "orientation", "border"]'
)


def rule(when: str, then: str = "allow = true", more: str = "", name: str = "one") -> str:
    return (
        f'[[rule]]\nname = "{name}"\nclass = "c"\nreason = "r"\n'
        f"when = {{ {when} }}\nthen = {{ {then} }}\n{more}\n"
    )


def write(folder: Path, rules: str) -> Path:
    path = folder / "rules.toml"
    path.write_text('version = "v"\n' + rules, encoding="utf-8")
    return path


GOOD = rule('outcome = "no_match"', name="good")


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ("", "top: rule: is missing"),
        ("rule = []", "top: rule: must be one or more"),
        (GOOD + GOOD, r"\[\[rule\]\] 2 \(good\): name: another rule has this name"),
        (GOOD + rule('outcome = "no_match"'), "when: is the same as that of 'good' before it"),
        (rule('outcome = "no_match"', more="prio = 1"), r"\[\[rule\]\] 1 \(one\): prio: is not a known key"),
        (rule('outcome = "no_match"', more='mode = "off"'), "mode: must be one of on, shadow"),
        (rule('outcome = "no_match"', name="One Two"), "name: must be small letters"),
        (rule('outcome = "no_match"').replace('reason = "r"', ""), "reason: is missing"),
        (rule(""), "when: has no condition"),
        (rule("trust = true"), "when: trust: is not a known key. Did you mean 'trusted'"),
        (rule('trusted = "yes"'), "trusted: must be true or false"),
        (rule('outcome = "no-match"'), "outcome: 'no-match' is not known. Did you mean 'no_match'"),
        (rule('outcome = "error"'), "outcome: 'error' is not known"),
        (rule("outcome = []"), "outcome: must be a text or a list of texts, at least one"),
        (rule('medium = ["image", "image"]'), "medium: names the same thing twice"),
        (rule('country = "UK"'), "country: 'UK' is not known"),
        (rule('has = "mood"'), "has: 'mood' is not known"),
        (rule('has = ["ip", "account"], lacks = "ip"'), "lacks: can never hold: ip is under has"),
        (rule('url_host = "https://x.org"'), "url_host: 'https://x.org' is not a host name"),
        (rule('url_host = "Example.org"'), "url_host: 'Example.org' is not a host name"),
        (rule("max_distance_bits = 257"), "max_distance_bits: must be a whole number from 0 to 256"),
        (rule("max_distance_bits = true"), "max_distance_bits: must be a whole number"),
        (rule("min_score = nan"), "min_score: must be a number"),
        (rule("min_distance_bits = 9, max_distance_bits = 8"), "min_distance_bits: can never hold"),
        (rule("min_score = 9, max_score = 8"), "min_score: can never hold"),
        (rule('algorithm = "audio", max_distance_bits = 8'), "a sound match has a score"),
        (rule('algorithm = ["md5", "sha1"], min_score = 8'), "a digest is equal or not"),
        (rule('bank_kind = ["known"]'), "bank_kind: must be one of known, benign"),
        (rule("nearest = false"), "nearest: can only be true"),
        (
            rule('outcome = "not_matchable", trusted = true'),
            "trusted: can never hold: these outcomes have no",
        ),
        (
            rule('unmatchable_reason = "crashed", tier = "match"'),
            "tier: can never hold: what is not matchable",
        ),
        (rule('unmatchable_reason = "crashed", outcome = "match"'), "unmatchable_reason: can never hold"),
        (
            rule("exact = true, min_distance_bits = 1"),
            "min_distance_bits: can never hold together with exact",
        ),
        (rule("exact = true, min_score = 1"), "min_score: can never hold together with exact"),
        (rule('exact = true, tier = "possible"'), "tier: can never hold together with exact"),
        (rule('exact = true, algorithm = "pdq"'), "algorithm: can never hold together with exact"),
        (rule('exact = true, view = "border"'), "view: can never hold together with exact"),
        (rule("trusted = true", ""), "then: must say what happens to the content"),
        (rule("trusted = true", "queue = 1"), "then: must say what happens to the content"),
        (rule("trusted = true", "allow = true, quarantine = true"), "allow: contradicts"),
        (rule("exact = true", "allow = true, block = true"), "allow: contradicts"),
        (rule("exact = true", "allow = true, draft_report = true"), "allow: contradicts"),
        (
            rule("exact = true", "block = true, queue = 1, draft_report = true"),
            "draft_report: needs quarantine",
        ),
        (rule("exact = true", "quarantine = true, draft_report = true"), "draft_report: needs queue"),
        (rule("trusted = true", "quarantine = false"), "quarantine: can only be true"),
        (rule("trusted = true", "allow = true, queue = 0"), "queue: must be a whole number from 1 to 5"),
        (rule("trusted = true", "allow = true, queue = 6"), "queue: must be a whole number from 1 to 5"),
        (rule("trusted = true", "allow = true, file_report = true"), "then: file_report: is not a known key"),
        (
            rule("trusted = true", 'allow = true, webhooks = "A b"'),
            "webhooks: 'A b' is not a name of a webhook",
        ),
        (rule("trusted = true", 'allow = true, webhooks = "absent"'), "there is no webhook named 'absent'"),
        (rule('bank_kind = "benign", exact = true', "quarantine = true"), "a benign entry clears content"),
        (rule('bank_kind = "benign", exact = true', BLOCK), "a benign entry clears content"),
        ('[groups]\nDE = ["FR"]\n' + GOOD, "groups: DE: a group needs a name of its own"),
    ],
)
def test_a_wrong_rule_is_refused(tmp_path: Path, rules: str, told: str) -> None:
    with pytest.raises(RulesError, match=told) as caught:
        load_rules(write(tmp_path, rules), webhooks=["team"])
    assert "rules.toml" in str(caught.value)


@pytest.mark.parametrize("then", [BLOCK, REPORT])
@pytest.mark.parametrize(
    ("when", "key"),
    [
        ("trusted = true", "algorithm"),
        ('outcome = "match"', "algorithm"),
        ('account = "user-4"', "algorithm"),
        ("exact = false", "algorithm"),
        (PICTURE.replace('"pdq"', '"audio"').replace("max_distance_bits = 31, ", ""), "algorithm"),
        (PICTURE.replace('"pdq"', '["pdq", "audio"]'), "algorithm"),
        (PICTURE.replace('"pdq"', '["pdq", "md5"]'), "algorithm"),
        (PICTURE.replace('"match"', '"possible"'), "tier"),
        (PICTURE.replace('"match"', '"same_scene"'), "tier"),
        (PICTURE.replace('"match"', '["match", "possible"]'), "tier"),
        (PICTURE.replace('tier = "match", ', ""), "tier"),
        (PICTURE.replace("31", "32"), "max_distance_bits"),
        (PICTURE.replace("max_distance_bits = 31, ", ""), "max_distance_bits"),
        (PICTURE.replace("max_distance_bits = 31", "min_score = 60"), "max_distance_bits"),
        (PICTURE.replace('"border"', '"box"'), "view"),
        (PICTURE.replace('"border"', '"uncrop"'), "view"),
        (PICTURE.replace('"border"', '"other"'), "view"),
        (PICTURE.replace(', view = ["as_is", "orientation", "border"]', ""), "view"),
    ],
)
def test_weak_evidence_may_not_block_or_report(tmp_path: Path, when: str, key: str, then: str) -> None:
    """Architecture, section 7: it may only hold, so the same conditions with quarantine are fine."""
    with pytest.raises(RulesError, match=f": {key}: (block|draft_report) needs"):
        load_rules(write(tmp_path, rule(when, then)))
    load_rules(write(tmp_path, rule(when, "quarantine = true, queue = 2")))


@pytest.mark.parametrize("then", [BLOCK, REPORT, f"{BLOCK}, {REPORT}"])
@pytest.mark.parametrize("when", ["exact = true", PICTURE, PICTURE.replace("31", "0")])
def test_strong_evidence_may(tmp_path: Path, when: str, then: str) -> None:
    load_rules(write(tmp_path, rule(when, then)))


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (rule('outcome = "match"') * 501, "more than 500 rules"),
        ("#" + "x" * MAX_FILE_BYTES, "larger than"),
        ("version = 3", "not valid TOML"),
    ],
)
def test_files_out_of_all_measure(tmp_path: Path, rules: str, told: str) -> None:
    with pytest.raises(RulesError, match=told):
        load_rules(write(tmp_path, rules))


def test_a_rule_is_read_as_written(tmp_path: Path) -> None:
    then = 'block = true, quarantine = true, queue = 2, draft_report = true, webhooks = ["team"]'
    read = load_rules(write(tmp_path, rule(PICTURE, then, 'mode = "shadow"')), webhooks=["team"]).rules[0]
    assert (read.name, read.rule_class, read.reason, read.shadow) == ("one", "c", "r", True)
    assert read.actions == Actions(True, True, False, 2, True, ("team",))
    assert read.actions.words() == ("block", "quarantine", "queue 2", "draft_report", "webhook team")


HOST = "https://cdn.example.org/x"


@pytest.mark.parametrize(
    ("when", "context", "holds"),
    [
        ('country = "EU"', Context(country="FR"), True),
        ('country = "EU"', Context(country="NO"), False),
        ('country = ["NORTH", "US"]', Context(country="NO"), True),
        ('country = "unknown"', Context(), True),
        ('country = "unknown"', Context(country="FR"), False),
        ('surface = ["private", "unknown"]', Context(), True),
        ('surface = "private"', Context(surface="public"), False),
        ('account = ["a", "b"]', Context(account="b"), True),
        ('account = "a"', Context(), False),
        ('has = ["ip", "account"]', Context(ip="10.0.0.1", account="a"), True),
        ('has = ["ip", "account"]', Context(ip="10.0.0.1"), False),
        ('lacks = ["ip", "surface"]', Context(account="a"), True),
        ('lacks = ["ip", "surface"]', Context(surface="private"), False),
        ('url_host = "*.example.org"', Context(urls=(HOST,)), True),
        ('url_host = "*.example.org"', Context(urls=("https://example.org/",)), False),
        ('url_host = "example.org"', Context(urls=("https://EXAMPLE.org:8443/",)), True),
        ('url_host = "example.org"', Context(urls=(HOST, "https://badexample.org/")), False),
    ],
)
def test_conditions_on_the_context(tmp_path: Path, when: str, context: Context, holds: bool) -> None:
    groups = '[groups]\nNORTH = ["NO", "SE"]\n'
    engine = Engine(load_rules(write(tmp_path, groups + rule(when, "quarantine = true"))))
    facts = MatchFacts("no_match", "image", context=context)
    assert (engine.evaluate(facts).rule == "one") is holds


def test_all_conditions_have_to_hold_on_one_match(tmp_path: Path) -> None:
    engine = Engine(
        load_rules(write(tmp_path, rule('bank = "a", max_distance_bits = 5', "quarantine = true")))
    )
    far, near = EntryMatch("a", 1, "pdq", distance_bits=9), EntryMatch("b", 2, "pdq", distance_bits=3)
    assert engine.evaluate(MatchFacts("match", "image", (far, near))).rule == ""
    right = EntryMatch("a", 3, "pdq", distance_bits=5)
    assert engine.evaluate(MatchFacts("match", "image", (far, near, right))).match == right
