"""The alarm against probing: one account trying out how much of a known picture must be changed.

Whoever sends version after version of a picture and watches the answers learns where the matching ends.
The mark of it is *many different fingerprints around one entry in a short time*:

- a match counts once for each different fingerprint of the same entry (the same copy sent again, as
  in a viral share, counts once);
- a no-match counts in the same way when it lies within `miss_bits` of a fingerprint that this account
  got matched before: the version that has just got away.

At `versions` of them within `window_s` the account is limited for `limited_s` and the caller gets a
`Probe` to raise as an alarm event; again each time the count has doubled, not at every upload.

Nothing is kept about an account that matched nothing; the account of a match is kept as a keyed hash
under a key that dies with the process, in memory only, until its window has passed. It is per process:
uploads of one account spread over N processes may need up to N times as many versions.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

__all__ = ["Probe", "ProbingRule", "ProbingWatch"]


@dataclass(frozen=True, slots=True)
class ProbingRule:
    """When it is probing. Times in seconds, distances in bits of 256."""

    versions: int = 5
    window_s: float = 600.0
    miss_bits: int = 48
    limited_s: float = 900.0
    max_accounts: int = 10_000
    max_versions: int = 64  # kept of one account and entry


@dataclass(frozen=True, slots=True)
class Probe:
    """An alarm. It names neither account nor fingerprint: the caller knows the account it asked about."""

    entry_id: int
    versions: int
    matches: int
    misses: int
    nearest_bits: int
    farthest_bits: int  # of the matches
    first_s: float
    last_s: float
    limited_until_s: float


@dataclass(slots=True)
class _Version:
    code: int = field(repr=False)
    distance_bits: int | None  # to the entry; None for a no-match
    when_s: float


@dataclass(slots=True)
class _Account:
    last_s: float
    versions: dict[int, list[_Version]] = field(default_factory=dict, repr=False)  # by entry
    alarm_at: dict[int, int] = field(default_factory=dict)  # by entry: the count of the next alarm


class ProbingWatch:
    """Watches all accounts of this process. Safe to use from many threads.

    ``when_s`` is any clock in seconds that all calls share, such as `time.monotonic`. Call `note` or
    `note_no_match` once per upload, with the fingerprint that came nearest.
    """

    def __init__(self, rule: ProbingRule | None = None) -> None:
        self._rule = rule or ProbingRule()
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._accounts: OrderedDict[bytes, _Account] = OrderedDict()  # the longest unseen first
        self._limited_until_s: OrderedDict[bytes, float] = OrderedDict()  # the first to end first

    def note(
        self, account: str, entry_id: int, distance_bits: int, when_s: float, *, code: bytes
    ) -> Probe | None:
        """An upload that matched an entry; ``code`` is the upload's own fingerprint (32 bytes for PDQ)."""
        with self._lock:
            self._sweep(when_s)
            name = self._name(account)
            known = self._accounts.setdefault(name, _Account(when_s))
            return self._add(name, known, entry_id, _Version(int.from_bytes(code), distance_bits, when_s))

    def note_no_match(self, account: str, code: bytes, when_s: float) -> Probe | None:
        """An upload that matched nothing. Leaves no trace unless the account matched something before."""
        with self._lock:
            self._sweep(when_s)
            known = self._accounts.get(self._name(account)) if self._accounts else None
            if known is None:
                return None
            number = int.from_bytes(code)
            near = [
                ((number ^ version.code).bit_count(), entry_id)
                for entry_id, versions in known.versions.items()
                for version in versions
                if version.distance_bits is not None and version.when_s > when_s - self._rule.window_s
            ]
            nearest_bits, entry_id = min(near, default=(257, 0))
            if nearest_bits > self._rule.miss_bits:
                return None
            return self._add(self._name(account), known, entry_id, _Version(number, None, when_s))

    def limited_for_s(self, account: str, when_s: float) -> float:
        """Seconds for which the account is still limited; 0.0 when it is not.

        A refused upload was not checked: the platform must hold it back, not let it through.
        """
        with self._lock:
            self._sweep(when_s)
            if not self._limited_until_s:
                return 0.0
            return max(0.0, self._limited_until_s.get(self._name(account), when_s) - when_s)

    def accounts_kept(self, when_s: float) -> int:
        """How many accounts are in memory, after forgetting those whose time has passed.

        For the housekeeping of an idle process too: otherwise only the next upload forgets.
        """
        with self._lock:
            self._sweep(when_s)
            return len(self._accounts.keys() | self._limited_until_s.keys())

    def _add(self, name: bytes, known: _Account, entry_id: int, version: _Version) -> Probe | None:
        known.last_s = version.when_s
        self._accounts.move_to_end(name)
        self._forget_old_versions(known)
        versions = known.versions.setdefault(entry_id, [])
        same = next((v for v in versions if v.code == version.code), None)
        if same is not None:
            same.when_s = version.when_s
            return None
        versions.append(version)
        if len(versions) > self._rule.max_versions:
            del versions[0]
        if len(versions) < self._rule.versions:
            return None
        self._limited_until_s[name] = version.when_s + self._rule.limited_s
        self._limited_until_s.move_to_end(name)
        alarm_at = known.alarm_at.get(entry_id, self._rule.versions)
        if len(versions) < alarm_at:
            return None
        known.alarm_at[entry_id] = 2 * alarm_at
        return _probe(entry_id, versions, self._limited_until_s[name])

    def _forget_old_versions(self, known: _Account) -> None:
        oldest_s = known.last_s - self._rule.window_s
        for entry_id, versions in list(known.versions.items()):
            versions[:] = [v for v in versions if v.when_s > oldest_s]
            if not versions:
                del known.versions[entry_id]
                known.alarm_at.pop(entry_id, None)

    def _sweep(self, when_s: float) -> None:
        """Forgets what has passed, and the longest unseen beyond the limit on memory."""
        while self._accounts:
            name, account = next(iter(self._accounts.items()))
            passed = account.last_s + self._rule.window_s <= when_s
            if not passed and len(self._accounts) <= self._rule.max_accounts:
                break
            del self._accounts[name]
        while self._limited_until_s and next(iter(self._limited_until_s.values())) <= when_s:
            self._limited_until_s.popitem(last=False)

    def _name(self, account: str) -> bytes:
        return hashlib.blake2b(
            account.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16
        ).digest()


def _probe(entry_id: int, versions: list[_Version], limited_until_s: float) -> Probe:
    distances = [v.distance_bits for v in versions if v.distance_bits is not None]
    times = [v.when_s for v in versions]
    return Probe(
        entry_id=entry_id,
        versions=len(versions),
        matches=len(distances),
        misses=len(versions) - len(distances),
        nearest_bits=min(distances, default=0),
        farthest_bits=max(distances, default=0),
        first_s=min(times),
        last_s=max(times),
        limited_until_s=limited_until_s,
    )
