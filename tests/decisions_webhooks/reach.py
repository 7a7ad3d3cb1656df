"""Where webhooks of the tests may go: networks for documentation stand in for what is public."""

from __future__ import annotations

from ipaddress import ip_network

from holdfast.decisions.webhooks.endpoints import Reach

_PUBLIC = (ip_network("198.51.100.0/24"), ip_network("2001:db8::/32"))

PUBLIC = Reach(lambda address: any(address in network for network in _PUBLIC))
WITH_LOOPBACK = Reach(lambda address: address.is_loopback or PUBLIC.may_reach(address), True)
