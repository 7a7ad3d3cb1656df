"""Everything one process of the service works with, opened once from a home.

with Runtime(home) as runtime:
    answer = runtime.intake.screen(data, context, by="key:...")

A server process opens all of it; a worker process, which only runs jobs, opens what its jobs ask for.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.access.limits import KeyLimits, Limiter
from holdfast.access.probing import ProbingRule, ProbingWatch
from holdfast.access.sessions import SessionVerifier
from holdfast.access.verify import KeyVerifier
from holdfast.decisions.engine import Engine, open_rules
from holdfast.decisions.flood import FloodBrake, FloodSettings
from holdfast.decisions.policy import Policy, open_policy
from holdfast.decisions.reload import Reloadable
from holdfast.errors import RecordsError
from holdfast.media.pool import DecodePool
from holdfast.records.counters import Counters
from holdfast.records.home import Home
from holdfast.review.opening import case_opener
from holdfast.screening.deep_desk import DeepDesk
from holdfast.screening.fetch import Fetcher, FetchPolicy
from holdfast.screening.intake import Intake
from holdfast.screening.screener import Screener
from holdfast.screening.spool import Spool
from holdfast.service.deep_status import DeepWatch
from holdfast.service.follower import Follower
from holdfast.service.opening import (
    open_home_journal,
    open_home_keys,
    open_home_store,
    policy_file,
    rules_file,
)
from holdfast.service.report_status import ReportWatch
from holdfast.settings import Settings, load_settings
from holdfast.vault.secrets import KeySealer
from holdfast.vault.service import Vault

if TYPE_CHECKING:
    from types import TracebackType

    from holdfast.reporting.drafts.desk import Desk
    from holdfast.reporting.filing.contents import VaultContents
    from holdfast.vault.keys import KeyService

__all__ = ["Runtime"]


class Runtime:
    """The rooms of one process, made when first asked for. Safe to use from many threads once opened.

    ``share`` is this process's part of the limits of every key (see `access.limits`). ``fetcher`` replaces
    the one that the settings describe. Raises SettingsError, PolicyError or RulesError for what cannot be
    read, RecordsError when the records cannot be opened.
    """

    def __init__(
        self,
        home: Path | None = None,
        *,
        settings: Settings | None = None,
        pool: DecodePool | None = None,
        share: float = 1.0,
        fetcher: Fetcher | None = None,
    ) -> None:
        place = Home(home)
        self.settings = settings or load_settings(place.path)
        self.home = Home(place.path, database_url=self.settings.database_url)
        self.database = self.home.database()
        self.policy: Reloadable[Policy] = open_policy(policy_file(self.settings, self.home.path))
        self.rules: Reloadable[Engine] = open_rules(rules_file(self.settings, self.home.path))
        self.verifier = KeyVerifier(self.database)
        idle = timedelta(minutes=self.settings.console.idle_minutes)
        self.sessions = SessionVerifier(self.database, idle=idle)
        self.limiter = Limiter(self._key_limits(), share=share)
        self.counters = Counters(self.database)
        self.review = self.settings.review.rules(self.settings.vault.cleared_days)
        self._pool = pool
        self._fetcher = fetcher

    @cached_property
    def keys(self) -> KeyService:
        """The key-encryption keys. Raises SettingsError or KeyUnavailableError."""
        return open_home_keys(self.settings, self.home.path)

    @cached_property
    def vault(self) -> Vault:
        """Held content."""
        journal = open_home_journal(self.settings, self.home.path)
        store = open_home_store(self.settings, self.home.path)
        return Vault(self.database, store, self.keys, journal=journal)

    @cached_property
    def sealer(self) -> KeySealer:
        """Seals what must not lie readable in the database: webhook secrets, exchange credentials."""
        return KeySealer(self.keys)

    @cached_property
    def contents(self) -> VaultContents:
        """The files of reports."""
        from holdfast.reporting.filing.contents import VaultContents

        return VaultContents(self.vault)

    @cached_property
    def desk(self) -> Desk:
        """Where reports are drafted and where they go. Raises SettingsError or DestinationError."""
        from holdfast.reporting.destinations.registry import open_destinations  # a process that only answers
        from holdfast.reporting.drafts.desk import Desk  # uploads does without XML and an HTTP client

        reporting = self.settings.reporting
        return Desk(reporting, open_destinations(reporting, self.home.path, self.sealer), self.sealer)

    @cached_property
    def report_watch(self) -> ReportWatch:
        """Whether any report needs a person."""
        return ReportWatch(self.database)

    @cached_property
    def screener(self) -> Screener:
        """Media, hashing, matching and banks together."""
        return Screener(
            self.home.path,
            settings=self.settings,
            pool=self._pool,
            database=self.database,
            follows=False,  # the follower does, several times a second
        )

    @cached_property
    def flood(self) -> FloodBrake:
        """The brake on entries that suddenly match too much."""
        rules = self.settings.rules
        return FloodBrake(FloodSettings(least=rules.flood_least, factor=rules.flood_factor))

    @cached_property
    def probing(self) -> ProbingWatch:
        """The alarm against accounts that try out how far they must change a picture."""
        rules = self.settings.rules
        return ProbingWatch(
            ProbingRule(
                versions=rules.probing_versions,
                window_s=rules.probing_window_s,
                limited_s=rules.probing_limited_s,
            )
        )

    @cached_property
    def intake(self) -> Intake:
        """Policy, check, rules, holding and events for every upload: the service's one way in."""
        return Intake(
            screener=self.screener,
            vault=lambda: self.vault,
            policy=self.policy,
            rules=self.rules,
            flood=self.flood,
            probing=self.probing,
            counters=self.counters,
            deep=DeepDesk(
                self.screener, self.spool, self.counters, max_waiting=self.settings.deep.max_waiting
            ),
            open_case=case_opener(self.review),
        )

    @cached_property
    def spool(self) -> Spool:
        """What waits for its deep check, encrypted."""
        return Spool(self.home.path, self.database, lambda: self.keys)

    @cached_property
    def deep_watch(self) -> DeepWatch:
        """Whether deep checks keep up."""
        screener = self.screener
        return DeepWatch(
            self.database,
            self.settings.deep,
            lambda: any(bank.asks_for_deep for bank in screener.calibrated()),
        )

    @cached_property
    def follower(self) -> Follower:
        """Keeps the lists of this process fresh; not started."""
        server = self.settings.server
        lists = self.screener.lists

        def refresh() -> None:
            self.screener.refresh()
            with suppress(RecordsError):  # deep checks never make a process "not ready"
                self.deep_watch.look()
                self.report_watch.look()

        return Follower(
            refresh,
            lambda: lists.position,
            every_s=server.refresh_s,
            stale_s=server.stale_s,
        )

    @cached_property
    def fetcher(self) -> Fetcher:
        """Fetches what the settings allow, by URL."""
        if self._fetcher is not None:
            return self._fetcher
        fetch = self.settings.fetch
        return Fetcher(
            FetchPolicy(
                hosts=fetch.hosts,
                allow_http=fetch.allow_http,
                max_bytes=self.settings.media.max_bytes,
                total_s=fetch.total_s,
                connect_s=fetch.connect_s,
                max_redirects=fetch.max_redirects,
            )
        )

    def close(self) -> None:
        """Gives everything back; counts that are still in memory are written."""
        self.counters.stop()
        if "screener" in self.__dict__:
            self.screener.close()
        self.database.close()

    def __enter__(self) -> Runtime:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _key_limits(self) -> KeyLimits:
        limits = self.settings.limits
        return KeyLimits(
            requests_per_s=limits.requests_per_s,
            burst_requests=limits.burst_requests,
            concurrent_requests=limits.concurrent_requests,
            bytes_per_minute=limits.bytes_per_minute,
            hash_lookups_per_minute=limits.hash_lookups_per_minute,
        )
