"""Sends what is in the outbox: every endpoint on its own, so that a slow one delays nobody else.

    deliverer = Deliverer(database, sealer, reach=reach)
    deliverer.run()                       # until `stop`, in a thread of its own or a process
    deliverer.deliver_due()               # everything that is due now, then back

Any number of processes may run one. Messages written in the same process through the same `Database` go
out at once, others at most ``poll_max_s`` later. A killed process's messages go out again when their lease
ends (30 s).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx2
import sqlalchemy as sa
import structlog

import holdfast
from holdfast.decisions.webhooks import outbox
from holdfast.decisions.webhooks.endpoints import Reach, Sealer, check_url, valid_secrets
from holdfast.decisions.webhooks.outbox import Delivery, Try
from holdfast.decisions.webhooks.signing import signed_headers
from holdfast.errors import UsageError
from holdfast.records.database import Database

__all__ = ["Deliverer"]

TIMEOUT_S = 10.0  # one try, all of it: look-up, connection, request, answer
LEASE_MARGIN_S = 20.0
MAX_ANSWER_BYTES = 16 * 1024  # read so that the connection can be used again, and thrown away
POLL_MIN_S = 0.05

log = structlog.get_logger(__name__)


class Deliverer:
    """Sends due messages, at most ``per_endpoint`` at a time to each endpoint. Redirects are not followed.

    ``tls`` is for receivers with a certificate authority of their own. No proxy is taken from the
    environment; ``proxy`` names one.
    """

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        *,
        reach: Reach,
        timeout_s: float = TIMEOUT_S,
        per_endpoint: int = 4,
        poll_max_s: float = 1.0,
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._reach = reach
        self._timeout_s = timeout_s
        self._lease_s = timeout_s + LEASE_MARGIN_S
        self._per_endpoint = per_endpoint
        self._poll_max_s = poll_max_s
        self._tls = tls
        self._proxy = proxy
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken: asyncio.Event | None = None
        self._busy: dict[int, int] = {}  # endpoint -> messages on their way

    def run(self) -> None:
        """Deliver until `stop`; then wait for what is on its way, at most one time-out."""
        pool = self._database.engine.pool
        sa.event.listen(pool, "checkin", self._on_checkin)
        try:
            asyncio.run(self._run(once=False))
        finally:
            sa.event.remove(pool, "checkin", self._on_checkin)

    def deliver_due(self) -> None:
        """Try everything that is due now, once, and come back. Not beside `run` on the same object."""
        asyncio.run(self._run(once=True))

    def stop(self) -> None:
        """Begin nothing more. Safe from any thread and from a signal handler."""
        self._stopping.set()
        self.wake()

    def wake(self) -> None:
        """Look for messages now."""
        loop, woken = self._loop, self._woken
        if loop is not None and woken is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just ended
                loop.call_soon_threadsafe(woken.set)

    def _on_checkin(self, _connection: object, record: Any) -> None:
        if record.info.pop(outbox.PUBLISHED, False):
            self.wake()

    async def _run(self, *, once: bool) -> None:
        self._loop, self._woken = asyncio.get_running_loop(), asyncio.Event()
        tasks: set[asyncio.Task[None]] = set()
        pause_s = POLL_MIN_S
        async with self._client() as client:
            while not self._stopping.is_set():
                self._woken.clear()
                begun = await self._begin_due(client, tasks, must_work=once)
                if once and not begun and not tasks:
                    break
                pause_s = POLL_MIN_S if begun else min(pause_s * 2, self._poll_max_s)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), pause_s)
            if tasks:
                await asyncio.wait(tasks)
        self._loop = self._woken = None

    async def _begin_due(
        self, client: httpx2.AsyncClient, tasks: set[asyncio.Task[None]], *, must_work: bool
    ) -> bool:
        try:
            claimed = await asyncio.to_thread(self._claim)
        except Exception as error:  # the loop ends when it is told to, and never else
            if must_work:
                raise
            log.warning("the outbox could not be read; the deliverer waits", error=type(error).__name__)
            return False
        for url, delivery in claimed:
            self._busy[delivery.endpoint_id] = self._busy.get(delivery.endpoint_id, 0) + 1
            task = asyncio.create_task(self._deliver(client, url, delivery))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        return bool(claimed)

    def _claim(self) -> list[tuple[str, Delivery]]:
        with self._database.read() as connection:
            ready = outbox.due(connection)
        free = {
            endpoint_id: (url, self._per_endpoint - self._busy.get(endpoint_id, 0))
            for endpoint_id, url in ready
        }
        if not any(lanes > 0 for _, lanes in free.values()):
            return []
        with self._database.write() as connection:
            return [
                (url, delivery)
                for endpoint_id, (url, lanes) in free.items()
                if lanes > 0
                for delivery in outbox.claim(connection, endpoint_id, self._lease_s, lanes)
            ]

    async def _deliver(self, client: httpx2.AsyncClient, url: str, delivery: Delivery) -> None:
        begun = time.monotonic()
        try:
            status, error, retry_after_s = await self._send(client, url, delivery)
            duration_ms = round((time.monotonic() - begun) * 1000)
            result = Try(duration_ms, status, error, retry_after_s)
            state = await asyncio.to_thread(self._record, delivery, result)
            if state != "delivered":
                log.warning(
                    "webhook not delivered",
                    endpoint=delivery.endpoint_id,
                    message=delivery.message_id,
                    attempt=delivery.attempts,
                    error=error,
                    state=state,
                )
        except Exception as error:  # noqa: BLE001  (the lease ends by itself, and then it is tried again)
            log.warning(
                "a try could not be recorded", message=delivery.message_id, error=type(error).__name__
            )
        finally:
            self._busy[delivery.endpoint_id] -= 1
            if self._woken is not None:
                self._woken.set()

    async def _send(
        self, client: httpx2.AsyncClient, url: str, delivery: Delivery
    ) -> tuple[int | None, str | None, float]:
        """Status, error and wished pause of one try. Errors are words of ours: an answer is never quoted."""
        try:
            address = check_url(url, self._reach)
        except UsageError:
            return None, "the URL is not allowed: https to a public address only", 0.0
        try:
            headers, body = await asyncio.to_thread(self._sign, delivery)
        except Exception as error:  # noqa: BLE001  (a sealer is anybody's code, a key service may be away)
            return None, f"not signed: {type(error).__name__}", 0.0
        status: int | None = None
        retry_after_s = 0.0
        try:
            async with asyncio.timeout(self._timeout_s):
                if address is None and not await self._is_in_reach(url):
                    return None, "the URL is not allowed: its host has an address that is not public", 0.0
                async with client.stream("POST", url, content=body, headers=headers) as response:
                    status = response.status_code
                    retry_after_s = _seconds(response.headers.get("retry-after", ""))
                    await _drain(response)
        except TimeoutError:
            if status is None:
                return None, f"no answer within {self._timeout_s:g} s", 0.0
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            if status is None:
                return None, f"{type(error).__name__}", 0.0
        if 200 <= status < 300:
            return status, None, 0.0
        if 300 <= status < 400:
            return status, f"HTTP {status}: redirects are not followed", retry_after_s
        return status, f"HTTP {status}", retry_after_s

    async def _is_in_reach(self, url: str) -> bool:
        """Whether every address of the URL's host may be reached; a proxy resolves names by itself.

        The connection looks the name up once more. An administrator chose it, so that is no way in for
        others: this catches a name that leads inside by mistake.
        """
        if self._proxy is not None:
            return True
        parts = urlsplit(url)
        found = await asyncio.get_running_loop().getaddrinfo(
            parts.hostname, parts.port or 443, type=socket.SOCK_STREAM
        )
        return all(self._reach.may_reach(ip_address(str(entry[4][0]))) for entry in found)

    def _sign(self, delivery: Delivery) -> tuple[dict[str, str], bytes]:
        with self._database.read() as connection:
            secrets = valid_secrets(connection, self._sealer, delivery.endpoint_id)
        body = delivery.body.encode("ascii")
        headers = signed_headers(delivery.message_id, int(time.time()), body, secrets)
        return {**headers, "content-type": "application/json"}, body

    def _record(self, delivery: Delivery, result: Try) -> outbox.State:
        with self._database.write() as connection:
            return outbox.record(connection, delivery, result)

    def _client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            verify=self._tls or True,
            proxy=self._proxy,
            trust_env=False,
            follow_redirects=False,
            timeout=self._timeout_s,
            headers={"user-agent": f"Holdfast/{holdfast.__version__}"},
            # Lanes bound the connections; a pool limit would let one endpoint wait for another.
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=100),
        )


async def _drain(response: httpx2.Response) -> None:
    seen = 0
    async for chunk in response.aiter_raw():
        seen += len(chunk)
        if seen > MAX_ANSWER_BYTES:
            return  # leaving the stream now closes the connection


def _seconds(retry_after: str) -> float:
    """The header's seconds; 0 for the form with a date, which is rare and needs the receiver's clock."""
    return (
        float(retry_after)
        if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 7
        else 0.0
    )
