"""What both clients are made with, and how a call becomes an HTTP request."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from holdfast import __version__
from holdfast.client.call import Reply
from holdfast.client.exchange import Failure, Patience

if TYPE_CHECKING:
    import httpx2

    from holdfast.client.call import Call
    from holdfast.client.exchange import Try

__all__ = ["Connection", "failure", "reply_of"]

CONNECT_S = 5.0


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the service is, the key, and how long to try. Raises ValueError for what cannot be right."""

    url: str
    key: str = field(repr=False)
    patience: Patience
    allow_http: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ValueError(
                f"{self.url!r} is not the address of a service, such as https://holdfast.example.org"
            )
        if parts.scheme == "http" and not (self.allow_http or _is_loopback(parts.hostname)):
            raise ValueError(
                "http:// would send key and content readable over the network. Use https://, or say "
                "allow_http=True where the network itself is protected."
            )
        if not self.key.isascii() or not self.key.isprintable():
            raise ValueError("The key holds a character that no key has: is there a line end in it?")
        if self.patience.timeout_s <= 0 or self.patience.deadline_s <= 0:
            raise ValueError("timeout_s and deadline_s are more than 0 seconds.")

    def options(self) -> dict[str, Any]:
        """For the HTTP client: nothing from the environment, no redirect that would carry the key on."""
        headers = {"user-agent": f"holdfast-client/{__version__}", "accept": "application/json"}
        if self.key:
            headers["authorization"] = f"Bearer {self.key}"
        return {
            "base_url": self.url.rstrip("/"),
            "headers": headers,
            "trust_env": False,
            "follow_redirects": False,
        }

    def request(self, step: Try) -> dict[str, Any]:
        """The arguments of one request, but its body."""
        import httpx2

        call = step.call
        return {
            "method": call.method,
            "url": call.path,
            "params": call.query or None,
            "headers": _headers(call),
            "timeout": httpx2.Timeout(step.timeout_s, connect=min(CONNECT_S, step.timeout_s)),
        }


def failure(error: Exception, timeout_s: float) -> Failure:
    """What is said of a try without a reply."""
    if isinstance(error, TimeoutError):
        return Failure(f"it took longer than {timeout_s:.3g} s")
    return Failure(f"{type(error).__name__}: {error}".rstrip(": "))


def reply_of(response: httpx2.Response, body: bytes) -> Reply:
    """The reply as the steps take it."""
    return Reply(response.status_code, dict(response.headers), body)


def _headers(call: Call[Any]) -> dict[str, str]:
    headers = dict(call.headers)
    if call.body is not None:
        headers["content-type"] = call.body.media_type
        if call.body.size_bytes is not None:
            headers["content-length"] = str(call.body.size_bytes)
    return headers


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
