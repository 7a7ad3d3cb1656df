"""Roles and permissions: one table. What it does not name is denied.

    role       letter  who it is                           what it never carries
    uploader   U       the platform's upload code          distances, entries, hashes, hash look-up
    analyst    A       looks up hashes, tends entries      cases, originals, deleting, exporting lists
    reviewer   R       decides cases                       changing banks, rules or settings; approving
    lead       L       answers for banks, rules, reports   keys, settings, credentials
    admin      M       keys, settings, credentials, jobs   content, cases, hashes, decisions
    exchange   X       the code that trades hash lists     look-up, events, cases, deleting
    auditor    D       checks what the others did          any change; content, distances, hashes

Roles are duties, not ranks: who runs the machine (admin) sees no content, who sees content cannot make
keys, who audits changes nothing. A key may carry several roles; it then may do what any of them may.
A permission is necessary, never sufficient: sharing terms, bank scopes and the second person (for
clearing a match on a trusted bank, opening an original outside a case, destroying evidence) come on top.

*Grants* are given to one key by name. Some are carried by no role at all: they undo much at once, or
weaken the key itself. See `GRANTABLE`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

__all__ = ["GRANTABLE", "Permission", "Role", "allows", "permissions_of"]


class Role(StrEnum):
    """The roles, in the order of the columns of `Permission`."""

    UPLOADER = "uploader"
    ANALYST = "analyst"
    REVIEWER = "reviewer"
    LEAD = "lead"
    ADMIN = "admin"
    EXCHANGE = "exchange"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """One thing that may be done, with the roles that may: a letter in its column, or a dash."""

    roles: frozenset[Role]

    def __new__(cls, value: str, marks: str = "") -> Permission:
        member = str.__new__(cls, value)
        member._value_ = value
        columns = zip(Role, marks.split(), strict=True)
        member.roles = frozenset(role for role, mark in columns if mark != "-")
        return member

    # fmt: off
    # Checking content
    SCREEN_MEDIA = "screen.media", "U A - L - - -"  # bytes: decision, rule class and reason come back
    SCREEN_URL   = "screen.url",   "U A - L - - -"  # the same for bytes that we fetch
    SCREEN_HASH  = "screen.hash",  "- A R L - - -"  # a ready hash: would let anyone map the list
    HASH_COMPUTE = "hash.compute", "- A R L - - -"  # the fingerprints of given bytes
    MATCH_DETAIL = "match.detail", "- A R L - - -"  # banks, entries, distances, hashes in an answer
    RECEIPT_WRITE = "receipt.write", "U - - L - - -"  # "removed at": the platform confirms an action

    # Banks and entries
    BANK_READ     = "bank.read",     "- A R L M X D"  # names, kinds, counts, thresholds; no hashes
    BANK_WRITE    = "bank.write",    "- - - L - - -"
    BANK_DELETE   = "bank.delete",   "- - - L - - -"
    ENTRY_READ    = "entry.read",    "- A R L - - -"  # labels, notes, sources and hash values
    ENTRY_WRITE   = "entry.write",   "- A - L - - -"  # add, annotate
    ENTRY_DISABLE = "entry.disable", "- - - L - - -"  # stops matching, so it is never a small change
    ENTRY_DELETE  = "entry.delete",  "- - - L - - -"
    OPINION_WRITE = "opinion.write", "- - R L - - -"  # confirm or dispute after review
    IMPORT        = "import",        "- - - L - X -"
    EXPORT        = "export",        "- - - L - X -"  # only what its sharing terms let out

    # What happened, and what follows from it
    EVENT_READ     = "event.read",     "- A R L - - D"  # without match.detail: no entry, no distance
    JOB_READ       = "job.read",       "U A R L M X -"  # jobs that this key started
    JOB_READ_ALL   = "job.read_all",   "- - - L M - -"
    JOB_WRITE      = "job.write",      "- - - L M - -"  # cancel, run a dead letter again
    DECISION_READ  = "decision.read",  "- A R L - - D"
    DECISION_WRITE = "decision.write", "- - R L - - -"
    RULE_READ      = "rule.read",      "- A R L M - D"
    RULE_WRITE     = "rule.write",     "- - - L - - -"
    WEBHOOK_MANAGE = "webhook.manage", "- - - - M - -"  # addresses and signing secrets
    WEBHOOK_REPLAY = "webhook.replay", "- - - L M - -"

    # Trading lists
    EXCHANGE_READ        = "exchange.read",        "- A - L M X D"  # state and counts
    EXCHANGE_SYNC        = "exchange.sync",        "- - - L M X -"
    EXCHANGE_SEND        = "exchange.send",        "- - - L - X -"  # own hashes and feedback go out
    EXCHANGE_WRITE       = "exchange.write",       "- - - L - - -"  # join, leave, switch on and off
    EXCHANGE_CREDENTIALS = "exchange.credentials", "- - - - M - -"

    # People's work
    NOTICE_WRITE   = "notice.write",   "U - R L - - -"  # somebody told the platform of content
    APPEAL_WRITE   = "appeal.write",   "U - R L - - -"  # somebody appeals to the platform
    CASE_READ      = "case.read",      "- - R L - - -"
    CASE_WRITE     = "case.write",     "- - R L - - -"  # take, label, note, decide
    CASE_ASSIGN    = "case.assign",    "- - - L - - -"
    CASE_APPROVE   = "case.approve",   "- - - L - - -"  # as the second person, never of one's own
    CASE_EXPORT    = "case.export",    "- - - L - - -"
    REPORT_READ    = "report.read",    "- - R L - - -"
    REPORT_DRAFT   = "report.draft",   "- - R L - - -"
    REPORT_APPROVE = "report.approve", "- - - L - - -"
    REPORT_FILE    = "report.file",    "- - - L - - -"
    REPORT_RETRACT = "report.retract", "- - - L - - -"
    VAULT_OPEN     = "vault.open",     "- - R L - - -"  # an original, inside a case
    VAULT_OPEN_OUTSIDE_CASE = "vault.open_outside_case", "- - - L - - -"
    VAULT_HOLD     = "vault.hold",     "- - - L - - -"  # legal hold: keep past the period
    VAULT_RELEASE  = "vault.release",  "- - - L - - -"
    VAULT_DESTROY  = "vault.destroy",  "- - - L - - -"

    # Running it
    AUDIT_READ     = "audit.read",     "- - - L M - D"
    METRICS_READ   = "metrics.read",   "- - - L M - D"
    KEY_MANAGE     = "key.manage",     "- - - - M - -"
    CONSOLE_USE    = "console.use",    "- A R L M - D"  # sign in, own account
    PERSON_READ    = "person.read",    "- - - L M - D"
    PERSON_MANAGE  = "person.manage",  "- - - - M - -"  # add, roles, links, disable; never oneself
    SETTINGS_READ  = "settings.read",  "- - - L M - D"
    SETTINGS_WRITE = "settings.write", "- - - - M - -"

    # The HMA-compatible API
    HMA_HASH           = "hma.hash",           "- A - L - - -"
    HMA_MATCH          = "hma.match",          "- A - L - - -"  # answers with entries and distances
    HMA_BANK_READ      = "hma.bank_read",      "- A - L - - -"
    HMA_BANK_WRITE     = "hma.bank_write",     "- - - L - - -"
    HMA_ENTRY_WRITE    = "hma.entry_write",    "- A - L - - -"  # add, annotate
    HMA_ENTRY_DISABLE  = "hma.entry_disable",  "- - - L - - -"
    HMA_ENTRY_DELETE   = "hma.entry_delete",   "- - - L - - -"
    HMA_EXCHANGE_READ  = "hma.exchange_read",  "- A - L - - -"
    HMA_EXCHANGE_WRITE = "hma.exchange_write", "- - - L - - -"
    HMA_BANK_DELETE    = "hma.bank_delete",    "- - - - - - -"  # one call without a question
    HMA_CREDENTIALS    = "hma.credentials",    "- - - - - - -"  # an exchange's password
    HMA_TEST_MODE      = "hma.test_mode",      "- - - - - - -"  # /dev/factory_reset and its kin
    HMA_PATH_KEY       = "hma.path_key",       "- - - - - - -"  # may stand in a URL: see `create_key`
    # fmt: on


# What may be given to one key by name. The second half is also carried by a role: a client that must
# create banks over the HMA-compatible API, or a metrics scraper, then needs no role that is too wide.
GRANTABLE = frozenset(
    {
        Permission.HMA_BANK_DELETE,
        Permission.HMA_CREDENTIALS,
        Permission.HMA_TEST_MODE,
        Permission.HMA_PATH_KEY,
        Permission.HMA_BANK_WRITE,
        Permission.HMA_ENTRY_DISABLE,
        Permission.HMA_ENTRY_DELETE,
        Permission.HMA_EXCHANGE_WRITE,
        Permission.METRICS_READ,
    }
)


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """Everything that somebody with these roles may do."""
    held = frozenset(roles)
    return frozenset(permission for permission in Permission if permission.roles & held)


def allows(roles: Iterable[Role], permission: str) -> bool:
    """Whether any of the roles carries the permission. An unknown role or permission is denied."""
    return permission in permissions_of(roles)
