"""Where reports go: NCMEC's production service, its test service, or a stand-in; never one for the other.

Production is one host and nothing else: a report sent anywhere else is not filed, and would say that it was.
The test destination refuses that host: what is filed there is real and cannot be taken back.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from holdfast.errors import DestinationError

__all__ = ["PRODUCTION_URL", "TEST_URL", "Credentials", "CyberTipline", "Environment"]

PRODUCTION_URL = "https://report.cybertip.org/ispws"
TEST_URL = "https://exttest.cybertip.org/ispws"
PRODUCTION_HOST = "report.cybertip.org"

Resolver = Callable[[str], Sequence[str]]


class Environment(StrEnum):
    """What becomes of a report."""

    PRODUCTION = "production"  # it is filed
    TEST = "test"  # it is not


@dataclass(frozen=True, slots=True)
class Credentials:
    """Of one environment: production and test have their own."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CyberTipline:
    """A destination. Raises `DestinationError` for an address that its environment does not allow.

    ``base_url`` is NCMEC's own by default. A test's may be any https URL, or http on loopback (a stand-in).
    """

    environment: Environment
    base_url: str = ""

    def __post_init__(self) -> None:
        if not self.base_url:
            url = PRODUCTION_URL if self.is_production else TEST_URL
            object.__setattr__(self, "base_url", url)
        _check_url(self.environment, self.base_url)

    @property
    def is_production(self) -> bool:
        return self.environment is Environment.PRODUCTION

    @property
    def name(self) -> str:
        """How rows and messages call it."""
        return f"cybertipline-{self.environment}"

    @property
    def banner(self) -> str:
        """To be shown wherever somebody files."""
        if self.is_production:
            return "PRODUCTION: reports are filed with NCMEC and cannot be taken back."
        return f"TEST: nothing is filed with NCMEC. Reports go to {urlsplit(self.base_url).hostname}."

    def check_addresses(self, resolve: Resolver | None = None) -> None:
        """Nothing, or `DestinationError` when production's name leads to an address that is not public.

        For the host file that somebody forgot; whose server it is TLS proves.
        """
        if not self.is_production:
            return
        try:
            addresses = [ipaddress.ip_address(text) for text in (resolve or _resolve)(PRODUCTION_HOST)]
        except (OSError, ValueError):
            return  # no name, no connection: the request says so
        if not all(address.is_global for address in addresses):
            raise DestinationError(
                f"{PRODUCTION_HOST} leads to an address that is not public: that is not NCMEC. "
                "Nothing was sent. Look at the hosts file and the name server."
            )


def _check_url(environment: Environment, url: str) -> None:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise DestinationError("The address of the CyberTipline cannot be read; nothing was sent.") from error
    if not host or parts.username is not None or parts.query or parts.fragment or not url.isascii():
        raise DestinationError(
            "The address of the CyberTipline is a host and a path, without user, query or fragment; "
            "nothing was sent."
        )
    if environment is Environment.PRODUCTION:
        _check_production(parts, host, port)
    elif host == PRODUCTION_HOST:
        raise DestinationError(
            f"{PRODUCTION_HOST} is the production service: what is sent there is filed. Nothing was sent. "
            f"For tests use {TEST_URL} or a stand-in."
        )
    elif parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise DestinationError(
            "A test service is reached by https, or by http on loopback; nothing was sent."
        )


def _check_production(parts: SplitResult, host: str, port: int | None) -> None:
    if host != PRODUCTION_HOST or parts.scheme != "https" or port not in (None, 443):
        raise DestinationError(
            f"Production is {PRODUCTION_URL} and nothing else: a report sent to {host} would not be filed. "
            "Nothing was sent."
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _resolve(host: str) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)]
