"""All destinations of a home, as its settings and its file of destinations describe them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from holdfast.errors import NotFoundError
from holdfast.reporting.configured import cybertipline, find_credentials
from holdfast.reporting.destination import Destination
from holdfast.reporting.destinations.cybertipline import CyberTiplineDestination
from holdfast.reporting.destinations.packet import PacketDestination
from holdfast.reporting.destinations.table import CYBERTIPLINE, DEFAULT_FILE, Rule, Rules, load_rules
from holdfast.settings import ReportingSettings
from holdfast.vault.secrets import KeySealer

__all__ = ["Destinations", "destinations_file", "open_destinations"]


@dataclass(frozen=True, slots=True)
class Destinations:
    """The destinations by the file's names, and the rules that choose among them."""

    rules: Rules
    by_file_name: dict[str, CyberTiplineDestination | PacketDestination]

    def __iter__(self) -> Iterator[CyberTiplineDestination | PacketDestination]:
        return iter(self.by_file_name.values())

    def get(self, name: str) -> Destination:
        """By the name in rows, or the one in the file. Raises `NotFoundError`.

        A report for the test service is none for production: their names differ.
        """
        for file_name, one in self.by_file_name.items():
            if name in (one.name, file_name):
                return one
        raise NotFoundError(
            f"{name[:60]!r} is no destination as this home is set up; nothing was done. A report for the "
            "test service cannot go to production, nor the other way round."
        )

    def of_rule(self, rule: Rule) -> Destination:
        """Where a rule sends reports."""
        return self.by_file_name[rule.destination]

    @property
    def packets(self) -> list[PacketDestination]:
        """Those who take packets."""
        return [one for one in self if isinstance(one, PacketDestination)]


def destinations_file(settings: ReportingSettings, home: Path) -> Path:
    """The file that is named, the one in the home, or the shipped one."""
    if settings.destinations_file is not None:
        return settings.destinations_file
    in_home = home / "destinations.toml"
    return in_home if in_home.exists() else DEFAULT_FILE


def open_destinations(settings: ReportingSettings, home: Path, sealer: KeySealer) -> Destinations:
    """Raises `SettingsError` or `DestinationError` for what cannot be used."""
    rules = load_rules(destinations_file(settings, home))
    made: dict[str, CyberTiplineDestination | PacketDestination] = {}
    for one in rules.destinations:
        if one.kind == CYBERTIPLINE:
            is_set_up = find_credentials(settings, home) is not None
            made[one.name] = CyberTiplineDestination(
                cybertipline(settings), sealer, one.title, one.retention_days, is_set_up
            )
        else:
            made[one.name] = PacketDestination(one, sealer)
    return Destinations(rules, made)
