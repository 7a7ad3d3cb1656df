"""The policy: which row counts, when a version begins, what is refused, and what is shipped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from holdfast.decisions.policy import load_policy, open_policy
from holdfast.decisions.vocabulary import COUNTRIES, EEA, SURFACES
from holdfast.errors import PolicyError, UsageError

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def row(name: str, surface: str, country: str, action: str = "scan", more: str = "") -> str:
    return (
        f'[[policy.row]]\nid = "{name}"\nsurface = {surface}\ncountry = {country}\naction = "{action}"\n'
        f'reason = "r"\nlegal_basis = "b"\n{more}\n'
    )


REST = row("rest", '["public", "private", "unknown"]', '"*"', "do_not_scan")
HEAD = '[[policy]]\nversion = "one"\neffective_from = 2026-01-01T00:00:00Z\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("surface", "country", "action", "name"),
    [
        ("public", None, "scan", "public"),
        ("public", "DE", "scan", "public"),
        ("public", "BR", "scan", "public"),
        ("private", "DE", "do_not_scan", "private-eea"),
        ("private", "NO", "do_not_scan", "private-eea"),
        ("private", "GB", "do_not_scan", "private"),
        ("private", "CH", "do_not_scan", "private"),
        ("private", None, "do_not_scan", "private"),
        ("private", "US", "scan", "private-us"),
        ("unknown", "FR", "do_not_scan", "unknown-surface-eea"),
        ("unknown", "US", "digests_only", "unknown-surface"),
        ("unknown", None, "digests_only", "unknown-surface"),
    ],
)
def test_the_shipped_policy(surface: str, country: str | None, action: str, name: str) -> None:
    answer = load_policy().choose(surface, country, NOON)
    assert (answer.action, answer.row, answer.version) == (action, name, "shipped-1")
    assert answer.reason and answer.legal_basis


def test_the_shipped_policy_answers_always_and_never_reads_private_messages_in_the_eea() -> None:
    policy = load_policy()
    for at in (datetime(1999, 1, 1, tzinfo=UTC), NOON, datetime(2099, 1, 1, tzinfo=UTC)):
        for surface in SURFACES:
            for country in (*COUNTRIES, None):
                answer = policy.choose(surface, country, at)
                if surface != "public" and country in EEA:
                    assert answer.action == "do_not_scan"
    assert {answer.row for answer in policy.unconfirmed(NOON)} == {"public", "private-us", "unknown-surface"}


def test_the_narrowest_row_counts_wherever_it_stands(tmp_path: Path) -> None:
    rows = [
        REST,
        row("eea", '"public"', '"EEA"', "do_not_scan"),
        row("eu", '"public"', '"EU"', "digests_only"),
        row("north", '"public"', '"NORTH"', "do_not_scan"),
        row("fi", '"public"', '["FI", "IS"]'),
        row("nobody", '"public"', '"unknown"', "digests_only"),
    ]
    expected = {"FI": "fi", "SE": "north", "DE": "eu", "NO": "eea", "BR": "rest", None: "nobody", "IS": "fi"}
    for order in (rows, rows[::-1]):
        text = '[groups]\nNORTH = ["FI", "SE"]\n' + HEAD + "".join(order)
        policy = load_policy(write(tmp_path, text))
        assert {c: policy.choose("public", c, NOON).row for c in expected} == expected
        assert policy.choose("private", "FI", NOON).row == "rest"


def test_the_version_in_force_at_the_moment_of_the_upload_counts(tmp_path: Path) -> None:
    """The switch is at midnight in Berlin, whatever zone the upload's clock shows."""
    second = HEAD.replace("one", "two").replace("2026-01-01T00:00:00Z", "2026-04-03T00:00:00+02:00")
    policy = load_policy(
        write(tmp_path, second + REST + HEAD + REST)
    )  # the order in the file is of no matter
    switch = datetime(2026, 4, 2, 22, tzinfo=UTC)
    for hours in (-11, 0, 2, 14):
        zone = timezone(timedelta(hours=hours))
        assert policy.choose("public", None, switch.astimezone(zone)).version == "two"
        assert (
            policy.choose("public", None, (switch - timedelta(microseconds=1)).astimezone(zone)).version
            == "one"
        )
    assert policy.in_force(switch) == "two"
    before = policy.choose("public", "US", datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert (before.action, before.version) == ("do_not_scan", "none")
    with pytest.raises(UsageError, match="zone"):
        policy.choose("public", None, datetime(2026, 5, 1))  # noqa: DTZ001
    for surface, country in (("secret", None), ("public", "UK"), ("public", "unknown-land")):
        with pytest.raises(UsageError):
            policy.choose(surface, country, NOON)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "top: policy: is missing"),
        ("policy = 3", "top: policy: must be one or more"),
        ("x = [", "not valid TOML"),
        (HEAD, r"\[\[policy\]\] 1 \(one\): row: is missing"),
        (HEAD + REST + "[unknown]\n", "top: unknown: is not a known key"),
        (HEAD.replace("version", "versoin") + REST, "version: is missing"),
        (HEAD.replace("00Z", "00") + REST, "effective_from: must be a date and time with its zone"),
        (HEAD.replace("T00:00:00Z", "") + REST, "effective_from: must be a date and time with its zone"),
        (HEAD + REST + HEAD + REST, "version: another version has this name"),
        (HEAD + REST + HEAD.replace("one", "two") + REST, "effective_from: is the same moment as that of"),
        (HEAD + REST + REST, r"\[\[policy\]\] 1 \(one\) \[\[row\]\] 2 \(rest\): id: another row has this id"),
        (HEAD + row("a", '"public"', '"*"'), "no row for surface 'private'"),
        (HEAD + REST + row("a", '"pubic"', '"DE"'), "surface: 'pubic' is not known. Did you mean 'public'"),
        (HEAD + REST + row("a", '"public"', '"UK"'), "country: 'UK' is not known"),
        (
            HEAD + REST + row("a", '"public"', '"DE"', "peek"),
            "action: must be one of scan, digests_only, do_not_scan",
        ),
        (HEAD + REST + row("a", '"public"', '"DE"', more='note = "x"'), "note: is not a known key"),
        (
            HEAD + REST + row("a", '"public"', '"DE"') + row("b", '"public"', '["DE", "FR"]'),
            "'a' and 'b' both name surface 'public' and country 'DE'",
        ),
        (
            '[groups]\nA = ["DE", "FR"]\nB = ["DE", "US"]\n'
            + HEAD
            + REST
            + row("a", '"public"', '"A"')
            + row("b", '"public"', '"B"'),
            "'a' and 'b' both name",
        ),
        ('[groups]\nEU = ["DE"]\n' + HEAD + REST, "groups: EU: a group needs a name of its own"),
        ('[groups]\nXX = ["ZZ"]\n' + HEAD + REST, "groups: XX: 'ZZ' is not known"),
        (
            HEAD + REST + row("a", '"private"', '"DE"', "digests_only"),
            "'a' looks at private content in DE: write under confirmed_by",
        ),
        (HEAD + row("a", '["public", "private", "unknown"]', '"*"'), "'a' looks at private content in AT"),
        (HEAD + REST.replace('reason = "r"', 'reason = " "'), "reason: must be a text that is not empty"),
        (HEAD + REST.replace('legal_basis = "b"', ""), "legal_basis: is missing"),
    ],
)
def test_a_wrong_file_is_refused_with_file_table_and_key(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(PolicyError, match=told) as caught:
        load_policy(write(tmp_path, text))
    assert "policy.toml" in str(caught.value)


def test_a_confirmed_basis_opens_private_content_in_the_eea(tmp_path: Path) -> None:
    confirmed = row("a", '"private"', '"DE"', more='confirmed_by = "A. Counsel, 24 November 2026"')
    policy = load_policy(write(tmp_path, HEAD + REST + confirmed))
    answer = policy.choose("private", "DE", NOON)
    assert (answer.action, answer.confirmed_by) == ("scan", "A. Counsel, 24 November 2026")
    assert policy.choose("private", "FR", NOON).action == "do_not_scan"
    assert policy.unconfirmed(NOON) == ()


def test_a_bad_edit_leaves_the_old_policy_in_force(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + REST)
    opened = open_policy(path)
    write(tmp_path, HEAD)
    assert isinstance(opened.reload(), PolicyError)
    assert opened.current.choose("public", None, NOON).version == "one"
