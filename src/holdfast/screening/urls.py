"""Which URLs may be fetched at all: their form, scheme, host and port, before anything is resolved.

A URL is taken apart once, here, and what is not beyond doubt is refused: two programs that read the same
URL differently are how such checks are got round.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import idna

from holdfast.errors import FetchRefusedError, SettingsError
from holdfast.screening.addresses import Address

__all__ = ["FetchPolicy", "Target", "check_url"]

MAX_URL_CHARACTERS = 8192
PORTS = {"https": 443, "http": 80}
LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# Control characters, space and backslash, which some programs drop or read as a slash.
DOUBTFUL = re.compile(r"[\x00-\x20\x7f-\x9f\\\u2028\u2029]")
SAFE_IN_TARGET = "/?:@!$&'()*+,;=-._~%"
NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")


@dataclass(frozen=True)
class FetchPolicy:
    """What may be fetched. With no ``hosts``, fetching is off.

    ``hosts``: names exactly (``media.example.org``) or, with a leading dot, everything below a name
    (``.example.org``, not ``example.org`` itself); a public IP address exactly. ``total_s`` is for
    everything together, redirects included. Raises `SettingsError` for a host that is no name.
    """

    hosts: tuple[str, ...] = ()
    allow_http: bool = False
    max_bytes: int = 100 * 1024 * 1024
    total_s: float = 20.0
    connect_s: float = 5.0
    max_redirects: int = 3

    def __post_init__(self) -> None:
        for host in self.hosts:
            name = host.removeprefix(".")
            if str(_as_address(host)) != host and not (_is_name(name) and "." in name):
                raise SettingsError(
                    f"The fetch allow-list has {host!r}, which is no full host name in lower case. "
                    "Nothing was started. Write media.example.org, or .example.org for everything below it."
                )

    def allows_host(self, host: str) -> bool:
        """Whether ``host`` (lower case, no dot at the end) is on the list."""
        is_address = _as_address(host) is not None
        return any(
            host == entry or (entry.startswith(".") and host.endswith(entry) and not is_address)
            for entry in self.hosts
        )


@dataclass(frozen=True)
class Target:
    """A URL taken apart and allowed; its addresses are not checked yet."""

    scheme: str
    host: str  # ASCII, lower case; an IPv6 address without brackets
    port: int
    path_and_query: str
    address: Address | None  # when the host is an address itself

    @property
    def authority(self) -> str:
        """Host and, where it is not the scheme's own, port: the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path_and_query}"


def check_url(url: str, policy: FetchPolicy, allow_ports: Collection[int] = ()) -> Target:
    """The URL, taken apart. Raises `FetchRefusedError` when its form or the policy forbids it."""
    if not policy.hosts:
        raise _refused("off", "Fetching by URL is switched off: no host is on the allow-list")
    if len(url) > MAX_URL_CHARACTERS or DOUBTFUL.search(url):
        raise _refused("url", "The URL is too long or has characters that no URL has")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _refused("url", "This is no URL") from error
    if parts.scheme not in PORTS or (parts.scheme == "http" and not policy.allow_http):
        raise _refused("scheme", "Only https URLs are fetched (http where the settings allow it)")
    if "@" in parts.netloc:
        raise _refused("userinfo", "A URL with a user name or password is not fetched")
    host, address = _check_host(parts.hostname or "")
    if not policy.allows_host(host):
        raise _refused("host", "The host is not on the allow-list")
    port = PORTS[parts.scheme] if port is None else port
    if port != PORTS[parts.scheme] and port not in allow_ports:
        raise _refused("port", f"Port {port} is not the port of {parts.scheme}")
    query = f"?{parts.query}" if parts.query else ""
    return Target(parts.scheme, host, port, quote((parts.path or "/") + query, safe=SAFE_IN_TARGET), address)


def _check_host(text: str) -> tuple[str, Address | None]:
    """The host in its one true form, and the address when it is one."""
    host = text.removesuffix(".")
    address = _as_address(host)
    if address is not None:
        return str(address), address
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True, std3_rules=True).decode("ascii")
        except idna.IDNAError as error:
            raise _refused("host", "The host is no name") from error
    # What ends in a number is an IPv4 address to browsers and to the system (octal, hex, one number, ...).
    if not _is_name(host) or NUMBER.fullmatch(host.rpartition(".")[2]):
        raise _refused("host", "The host is no name and no address in its usual form")
    return host, None


def _is_name(host: str) -> bool:
    return len(host) <= 253 and all(LABEL.fullmatch(label) for label in host.split("."))


def _as_address(host: str) -> Address | None:
    """An address in canonical form: four decimal numbers without leading zeros, or IPv6 without a zone."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return None if "%" in host else address


def _refused(reason: str, what: str) -> FetchRefusedError:
    return FetchRefusedError(reason, f"{what}. Nothing was fetched.")
