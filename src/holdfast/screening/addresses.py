"""Which internet addresses a fetch may reach: public unicast ones only.

The tables are IANA's special-purpose address registries (RFC 6890 and successors, as of 2026) and the
addresses of cloud platforms' own services that look public. `ipaddress.is_global` is asked as well: the
two must agree that an address is public.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

__all__ = ["Address", "Network", "is_public"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

FORBIDDEN_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT; Alibaba's metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's platform address, public in form
        "169.254.0.0/16",  # link-local; cloud metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relay
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")  # all that is given out as global unicast
FORBIDDEN_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks, ...
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: carries any IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# The last 64 bits of an ISATAP address name an IPv4 address (RFC 5214, section 6.1).
ISATAP_INTERFACES = (0x00005EFE, 0x02005EFE)


def is_public(address: Address, allow_networks: Sequence[Network] = ()) -> bool:
    """Whether ``address``, and an IPv4 address that it carries inside, is public unicast.

    ``allow_networks``: counted as public; for tests.
    """
    if any(address in network for network in allow_networks):
        return True
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not any(address in network for network in FORBIDDEN_V4)
    if address.scope_id is not None:
        return False
    if address in MAPPED or address in NAT64:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if (int(address) >> 32) & 0xFFFFFFFF in ISATAP_INTERFACES:
        return False
    is_given_out = address in PUBLIC_V6 and not any(address in network for network in FORBIDDEN_V6)
    return is_given_out and address.is_global
