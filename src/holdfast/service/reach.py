"""Where webhooks may go by the settings: public addresses, as for fetching, and the operator's networks."""

from __future__ import annotations

from holdfast.access.networks import parse_networks
from holdfast.decisions.webhooks.endpoints import Address, Reach
from holdfast.screening.addresses import is_public
from holdfast.settings import WebhookSettings

__all__ = ["webhook_reach"]


def webhook_reach(settings: WebhookSettings) -> Reach:
    """What `endpoints` and the deliverer check by. Raises `UsageError` for a network that is none."""
    networks = parse_networks(settings.allow_networks)

    def may_reach(address: Address) -> bool:
        return is_public(address, networks) or (settings.allow_loopback_http and address.is_loopback)

    return Reach(may_reach, settings.allow_loopback_http)
