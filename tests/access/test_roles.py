"""The whole table of roles and permissions, written out a second time by role."""

from __future__ import annotations

import itertools

import pytest

from holdfast.access.principal import BankScope, Principal
from holdfast.access.roles import GRANTABLE, Permission, Role, allows, permissions_of
from holdfast.errors import NotAllowedError

# Written by role, where the code is written by permission: a slip in one does not repeat in the other.
EXPECTED: dict[str, set[str]] = {
    "uploader": {
        *("screen.media", "screen.url", "receipt.write", "job.read", "notice.write", "appeal.write"),
    },
    "analyst": {
        *("screen.media", "screen.url", "screen.hash", "hash.compute", "match.detail"),
        *("bank.read", "entry.read", "entry.write", "event.read", "job.read", "decision.read", "rule.read"),
        "console.use",
        *("exchange.read", "hma.hash", "hma.match", "hma.bank_read", "hma.entry_write", "hma.exchange_read"),
    },
    "reviewer": {
        *("screen.hash", "hash.compute", "match.detail", "bank.read", "entry.read", "opinion.write"),
        *("event.read", "job.read", "decision.read", "decision.write", "rule.read"),
        *("case.read", "case.write", "report.read", "report.draft", "vault.open", "console.use"),
        *("notice.write", "appeal.write"),
    },
    "lead": {
        *("screen.media", "screen.url", "screen.hash", "hash.compute", "match.detail", "receipt.write"),
        *("bank.read", "bank.write", "bank.delete", "import", "export"),
        *("entry.read", "entry.write", "entry.disable", "entry.delete", "opinion.write"),
        *("event.read", "job.read", "job.read_all", "job.write", "webhook.replay"),
        *("decision.read", "decision.write", "rule.read", "rule.write"),
        *("exchange.read", "exchange.sync", "exchange.send", "exchange.write"),
        *("case.read", "case.write", "case.assign", "case.approve", "case.export"),
        *("notice.write", "appeal.write"),
        *("report.read", "report.draft", "report.approve", "report.file", "report.retract"),
        *("vault.open", "vault.open_outside_case", "vault.hold", "vault.release", "vault.destroy"),
        *("audit.read", "metrics.read", "settings.read", "console.use", "person.read"),
        *("hma.hash", "hma.match", "hma.bank_read", "hma.bank_write", "hma.entry_write", "hma.entry_disable"),
        *("hma.entry_delete", "hma.exchange_read", "hma.exchange_write"),
    },
    "admin": {
        *(
            "bank.read",
            "job.read",
            "job.read_all",
            "job.write",
            "rule.read",
            "webhook.manage",
            "webhook.replay",
        ),
        *("exchange.read", "exchange.sync", "exchange.credentials"),
        *("audit.read", "metrics.read", "key.manage", "settings.read", "settings.write"),
        *("console.use", "person.read", "person.manage"),
    },
    "exchange": {
        *("bank.read", "import", "export", "job.read"),
        *("exchange.read", "exchange.sync", "exchange.send"),
    },
    "auditor": {
        *("bank.read", "event.read", "decision.read", "rule.read", "exchange.read"),
        *("audit.read", "metrics.read", "settings.read", "console.use", "person.read"),
    },
}
BY_GRANT_ONLY = {"hma.bank_delete", "hma.credentials", "hma.test_mode", "hma.path_key"}


def test_the_matrix_names_every_role_and_permission() -> None:
    assert set(EXPECTED) == set(Role)
    assert set().union(*EXPECTED.values()) | BY_GRANT_ONLY == set(Permission)


@pytest.mark.parametrize(("role", "permission"), list(itertools.product(Role, Permission)))
def test_matrix(role: Role, permission: Permission) -> None:
    assert allows([role], permission) == (permission in EXPECTED[role])


def test_default_is_deny() -> None:
    assert not any(allows([], permission) for permission in Permission)
    assert not allows(list(Role), "bank.destroy_everything")
    assert not allows(["root"], "screen.media")  # type: ignore[list-item]


def test_roles_add_up() -> None:
    both = permissions_of([Role.UPLOADER, Role.AUDITOR])
    assert both == EXPECTED["uploader"] | EXPECTED["auditor"]


def test_no_role_carries_what_is_only_granted() -> None:
    assert {p for p in Permission if not p.roles} == BY_GRANT_ONLY
    assert BY_GRANT_ONLY <= GRANTABLE


def test_separation_of_duties() -> None:
    """The rules of the docstring, as sets: who makes keys sees no content, an upload key is no oracle."""
    content = {
        "vault.open",
        "vault.open_outside_case",
        "case.read",
        "entry.read",
        "match.detail",
        "screen.hash",
    }
    assert not content & permissions_of([Role.ADMIN])
    assert not content & permissions_of([Role.AUDITOR])
    assert not content & permissions_of([Role.UPLOADER])
    assert Permission.KEY_MANAGE.roles == {Role.ADMIN}
    changing = (".write", ".delete", ".manage", ".disable", ".sync", ".send", ".file", ".approve", ".destroy")
    assert not [
        p for p in permissions_of([Role.AUDITOR]) if p.endswith(changing) or p in ("import", "export")
    ]


def test_principal_requires() -> None:
    principal = Principal("key:a", "uploads", frozenset({Role.UPLOADER}))
    principal.require(Permission.SCREEN_MEDIA)
    with pytest.raises(NotAllowedError, match=r"match\.detail.*uploads.*uploader"):
        principal.require(Permission.MATCH_DETAIL)


def test_grant_adds_one_permission() -> None:
    principal = Principal("key:a", "coop", frozenset({Role.ANALYST}), frozenset({Permission.HMA_BANK_DELETE}))
    assert principal.allows("hma.bank_delete")
    assert not principal.allows("hma.credentials")
    assert not principal.allows("bank.delete")


def test_path_key_opens_only_the_hma_api() -> None:
    """Even a lead's key, once it may stand in a URL."""
    principal = Principal("key:a", "coop", frozenset({Role.LEAD}), frozenset({Permission.HMA_PATH_KEY}))
    allowed = {p for p in Permission if principal.allows(p)}
    assert allowed == {p for p in EXPECTED["lead"] if p.startswith("hma.")} | {"hma.path_key"}


def test_bank_scope() -> None:
    scope = BankScope(see=("shared",), change=("COOP_*", "own"))
    assert [scope.may_see(name) for name in ("shared", "shared2", "COOP_7_A", "own", "owner")] == [
        *(True, False, True, True, False)
    ]
    assert [scope.may_change(name) for name in ("shared", "COOP_7_A", "coop_7_a")] == [False, True, False]
    assert BankScope().may_see("anything")
    assert BankScope().may_change("anything")
    assert not BankScope(change=(), see=()).may_see("anything")


def test_bank_scope_of_a_principal() -> None:
    scope = BankScope(see=("shared",), change=())
    principal = Principal("key:a", "desk", frozenset({Role.LEAD}), banks=scope)
    principal.require_bank("shared")
    with pytest.raises(NotAllowedError, match="may not change the bank 'shared'"):
        principal.require_bank("shared", change=True)
    with pytest.raises(NotAllowedError, match="may not see the bank 'other'"):
        principal.require_bank("other")
