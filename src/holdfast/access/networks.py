"""The networks that a key may be used from."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from holdfast.errors import UsageError

__all__ = ["Network", "inside", "parse_networks"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Networks from CIDR text ("192.0.2.0/24", "2001:db8::/32", a single address).

    An IPv4 network written in IPv6 ("::ffff:192.0.2.0/120") becomes the IPv4 network. Raises
    `UsageError` for anything else, also for bits set beyond the mask: it may be a slip of the pen.
    """
    networks: list[Network] = []
    for text in texts:
        try:
            network = ipaddress.ip_network(text.strip())
        except ValueError as error:
            raise UsageError(
                f"{text!r} is not a network: {error}. Nothing was changed. "
                "Write it like 192.0.2.0/24 or 2001:db8::/32."
            ) from error
        if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
            low_bits = int(network.network_address) & 0xFFFFFFFF
            network = ipaddress.IPv4Network((low_bits, network.prefixlen - 96))
        networks.append(network)
    return tuple(networks)


def inside(source_ip: str | None, networks: tuple[Network, ...]) -> bool:
    """Whether the address lies in one of the networks; an IPv4 address mapped into IPv6 counts as IPv4.

    No address or an unreadable one (a Unix socket, a forged header) lies in none.
    """
    address = _address(source_ip or "")
    return address is not None and any(address in network for network in networks)


@lru_cache(maxsize=256)  # a platform's servers are few, and parsing costs more than everything else here
def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
