"""Before every route: request id, path key, who is it, limits; after it: the log line and the measures.

Nothing passes without a valid key or session but the few paths in `OPEN` and the console's sign-in: also an
unknown path is refused first, so that nobody without a key learns what there is. The console takes sessions
only; everything else takes either.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import structlog
from starlette.responses import Response

from holdfast.access.keytext import parse_key_text, redact
from holdfast.access.limits import TokenBucket
from holdfast.access.networks import inside, parse_networks
from holdfast.access.sessions import NOT_SIGNED_IN
from holdfast.api.bodies import MAX_JSON_BYTES
from holdfast.api.origins import is_console, own_origin, refuse_foreign, session_of
from holdfast.api.problems import Problem, problem_response
from holdfast.api.v1.uploads import FORM_BYTES
from holdfast.errors import HoldfastError, LimitError, NotAuthenticatedError
from holdfast.records.worker import describe

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from holdfast.access.principal import Principal
    from holdfast.access.sessions import Session
    from holdfast.api.measures import Measures
    from holdfast.service.runtime import Runtime

__all__ = ["OPEN", "PUBLIC", "Gate", "is_sign_in"]

# Answer to anybody: they tell whether the process runs, and nothing else.
OPEN = frozenset({"/health/live", "/health/ready", "/status", "/status/live"})
DOCS = frozenset({"/openapi.json"})
SIGN_IN = "/console/sign-in"
PUBLIC = frozenset({"/notice", "/appeal"})  # forms for everybody, where `console.public_forms` says so
STATIC = "/console/static/"  # style and scripts, the same for everybody

_ID = re.compile(rb"[A-Za-z0-9._:-]{1,100}")
_PATH_KEY = re.compile(r"/k/([^/]*)(/.*)?", re.DOTALL)
_SLASHES = re.compile(r"/{2,}")
MAX_ADDRESSES = 10_000
BEGUN_PER_FAILURE = 4  # sign-ins may be begun so many times as often as they may fail
MAX_STRANGERS = 2  # keys not seen before that are looked up at once

log = structlog.get_logger(__name__)


class Gate:
    """The ASGI application around the routes."""

    def __init__(self, app: ASGIApp, runtime: Runtime, measures: Measures) -> None:
        self._app = app
        self._runtime = runtime
        self._measures = measures
        settings = runtime.settings
        self._proxies = parse_networks(settings.server.trusted_proxies)
        self._open = OPEN | (DOCS if settings.server.public_docs else frozenset())
        self._most_bytes = max(settings.media.max_bytes + FORM_BYTES, MAX_JSON_BYTES)
        self._path_keys = settings.hma.enabled and settings.hma.path_keys
        self._strangers = asyncio.Semaphore(MAX_STRANGERS)
        self._failures = _Addresses(settings.limits.failed_sign_ins_per_minute, _MANY_FAILURES)
        most = BEGUN_PER_FAILURE * settings.limits.failed_sign_ins_per_minute
        self._sign_ins = _Addresses(most, _MANY_FAILURES)
        self._public = PUBLIC if settings.console.enabled and settings.console.public_forms else frozenset()
        self._letters = _Addresses(settings.review.notices_per_hour, _MANY_LETTERS, per_s=3600)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = dict(scope["headers"])  # of a header sent twice the last counts
        request_id = _request_id(headers)
        scope["holdfast.request_id"] = request_id
        seen = _Seen(send, request_id, scope["path"].startswith(STATIC))
        try:
            await self._pass(scope, headers, receive, seen)
        except (HoldfastError, Problem) as error:
            await problem_response(error, request_id)(scope, receive, seen)
        except Exception as error:  # noqa: BLE001  (the answer was given below; its text may quote content)
            log.warning("unforeseen error", error=describe(error), request_id=request_id)
        finally:
            self._note(scope, seen.status, time.perf_counter() - started)

    async def _pass(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: _Seen) -> None:
        key, in_path = _key(headers), False
        if "//" in scope["path"]:  # from clients whose base URL ends in a slash
            scope["path"], scope["raw_path"] = _SLASHES.sub("/", scope["path"]), None
        if (found := _PATH_KEY.fullmatch(scope["path"])) is not None:
            # Cut off whether or not it is allowed, so that no route, log or measure ever sees it.
            scope["path"], scope["raw_path"] = found[2] or "/", None
            key, in_path = (found[1], True) if self._path_keys else (None, True)
        if scope["path"] in self._open:
            # Load balancers ask with HEAD too: the server leaves the body out (RFC 9110, section 9.3.2).
            asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
            await self._app(asked, receive, send)
            return
        if scope["path"] in self._public:
            if scope["method"] == "POST":
                self._letters.take(self._address(scope, headers))
            await self._app(scope, receive, send)
            return
        if is_sign_in(scope["path"]):
            await self._sign_in(scope, headers, receive, send)
            return
        principal = await self._principal(scope, headers, key, in_path)
        if principal is None:
            await self._to_sign_in(scope, headers, receive, send)
            return
        scope["holdfast.principal"] = principal
        limiter, size_bytes = self._runtime.limiter, self._said_bytes(headers)
        with limiter.admit(principal.subject, principal.limits, size_bytes=size_bytes):
            await self._app(scope, receive, send)
        if send.status == 413:  # nothing was taken in: whoever only names a size uses up nothing
            limiter.give_back(principal.subject, principal.limits, size_bytes)

    def _said_bytes(self, headers: dict[bytes, bytes]) -> int:
        """The body's size as its header says it, and at most what any route takes in."""
        length = headers.get(b"content-length", b"")
        return min(int(length), self._most_bytes) if length.isdigit() and len(length) < 16 else 0

    async def _principal(
        self, scope: Scope, headers: dict[bytes, bytes], key: str | None, in_path: bool
    ) -> Principal | None:
        """By key, or by session where none was sent; None where a page of the console needs a sign-in."""
        console = self._runtime.settings.console
        pages = is_console(scope["path"])
        token = session_of(console, headers) if key is None and not in_path and console.enabled else None
        if token is None and not pages:
            return await self._who(scope, headers, key, in_path)
        origin = own_origin(console, headers)
        if token is None:
            return None
        try:
            session = await self._session(token)
        except NotAuthenticatedError as error:
            log.info("not signed in", reason=error.reason, path=_printable(scope))
            if pages:
                return None
            raise
        refuse_foreign(origin, scope["method"], headers)
        scope["holdfast.session"] = session
        return session.principal

    async def _session(self, token: str) -> Session:
        """Asks the records whose session it is. Made-up ones wait in the same line as made-up keys."""
        verifier = self._runtime.sessions
        if verifier.remembers(token):
            return await asyncio.to_thread(verifier.verify, token)
        async with self._strangers:
            return await asyncio.to_thread(verifier.verify, token)

    async def _sign_in(
        self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: _Seen
    ) -> None:
        """What is open to everybody: the pages of sign-in, style and scripts. Failed tries are counted."""
        address = self._address(scope, headers)
        scope["holdfast.address"] = address
        refuse_foreign(own_origin(self._runtime.settings.console, headers), scope["method"], headers)
        if scope["method"] == "POST" or scope["path"] == SIGN_IN + "/oidc":  # each leaves a row, or takes one
            self._failures.refuse_if_many(address)
            self._sign_ins.take(address)
        await self._app(scope, receive, send)
        if send.status in (401, 403):
            self._failures.note(address)

    async def _to_sign_in(
        self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: _Seen
    ) -> None:
        """A page leads to the sign-in and back; anything else is refused, and told where to go."""
        if scope["method"] == "GET" and b"hx-request" not in headers:
            query = scope["query_string"].decode("latin-1")
            wanted = quote(scope["path"] + (f"?{query}" if query else ""))
            answer = Response(status_code=303, headers={"location": f"{SIGN_IN}?next={wanted}"})
        else:
            answer = problem_response(NotAuthenticatedError("no_session", NOT_SIGNED_IN), send.request_id)
            answer.headers["hx-redirect"] = SIGN_IN
        await answer(scope, receive, send)

    async def _who(
        self, scope: Scope, headers: dict[bytes, bytes], key: str | None, in_path: bool
    ) -> Principal:
        address = self._address(scope, headers)
        verifier = self._runtime.verifier
        known = verifier.recall(key, address, in_path=in_path)
        if known is not None:
            return known
        try:
            return await self._look(key, address, in_path)
        except NotAuthenticatedError as error:
            # Not before: a valid key never pays for what others send from its address.
            self._failures.refuse_if_many(address)
            self._failures.note(address)
            self._measures.denials.labels(reason=error.reason).inc()
            log.info("not authenticated", reason=error.reason, address=address, path=_printable(scope))
            raise

    async def _look(self, key: str | None, address: str | None, in_path: bool) -> Principal:
        """Asks the records who it is. Keys not seen before wait in a line of their own for it.

        However many of them are made up, they then neither fill the records' connections nor hold up a key
        that was valid a moment ago.
        """
        verifier = self._runtime.verifier
        if key is None or parse_key_text(key) is None:
            return verifier.verify(key, address, in_path=in_path)  # refused without a look
        if verifier.remembers(key):
            return await asyncio.to_thread(verifier.verify, key, address, in_path=in_path)
        async with self._strangers:
            return await asyncio.to_thread(verifier.verify, key, address, in_path=in_path)

    def _address(self, scope: Scope, headers: dict[bytes, bytes]) -> str | None:
        """The caller's address; behind trusted proxies, the last one in the chain that is none of them."""
        client = scope.get("client")
        address: str | None = client[0] if client else None
        if not self._proxies or not inside(address, self._proxies):
            return address
        chain = headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
        for one in reversed([part.strip() for part in chain if part.strip()]):
            address = one
            if not inside(one, self._proxies):
                break
        return address

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("route")
        path = getattr(route, "path", None) or ("(open)" if scope["path"] in self._open else "(none)")
        self._measures.request(scope["method"], path, status, seconds)
        if status >= 500 or seconds > 1.0:
            log.warning(
                "slow or failed request",
                method=scope["method"],
                route=path,
                status=status,
                ms=round(seconds * 1000),
                request_id=scope["holdfast.request_id"],
            )


class _Seen:
    """``send`` that adds the request id and remembers the status."""

    __slots__ = ("_id", "_send", "cacheable", "request_id", "status")

    def __init__(self, send: Send, request_id: str, cacheable: bool = False) -> None:
        self._send = send
        self.request_id = request_id
        self.cacheable = cacheable
        self._id = (b"x-request-id", request_id.encode())
        self.status = 500

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [pair for pair in message.get("headers", ()) if pair[0] != b"x-request-id"]
            headers.append(self._id)
            if not self.cacheable:
                headers.append((b"cache-control", b"no-store"))
            headers.append((b"x-content-type-options", b"nosniff"))
            message = {**message, "headers": headers}
        await self._send(message)


_MANY_FAILURES = "Too many requests without a valid key came from this address. Nothing was done. Wait."
_MANY_LETTERS = (
    "Too many messages came from this address. Nothing was sent. Wait a little, and send it again."
)


class _Addresses:
    """Counts by address, and asks to wait where it is more than ``most`` in ``per_s``. For one event loop."""

    def __init__(self, most: float, words: str, *, per_s: float = 60) -> None:
        self._most, self._per_s, self._words = most, per_s, words
        self._buckets: dict[str | None, TokenBucket] = {}

    def refuse_if_many(self, address: str | None) -> None:
        bucket = self._buckets.get(address)
        wait_s = 0.0 if bucket is None else bucket.wait_s(1, time.monotonic())
        if wait_s > 0:
            raise LimitError(self._words, wait_s)

    def take(self, address: str | None) -> None:
        """One more. Raises LimitError where it was one too many."""
        self.refuse_if_many(address)
        self.note(address)

    def note(self, address: str | None) -> None:
        now_s = time.monotonic()
        if address not in self._buckets:
            if len(self._buckets) >= MAX_ADDRESSES:
                self._buckets = {
                    key: bucket for key, bucket in self._buckets.items() if not bucket.is_full(now_s)
                }
            self._buckets[address] = TokenBucket(self._most / self._per_s, max(1.0, self._most), now_s)
        self._buckets[address].wait_s(0, now_s)  # lets flow in what is due before taking
        self._buckets[address].take(1)


def is_sign_in(path: str) -> bool:
    """Whether a path belongs to signing in, or to what its pages load: open to everybody."""
    return path == SIGN_IN or path.startswith((SIGN_IN + "/", STATIC))


def _key(headers: dict[bytes, bytes]) -> str | None:
    bearer = headers.get(b"authorization", b"")
    if bearer[:7].lower() == b"bearer ":
        return bearer[7:].strip().decode("latin-1")
    key = headers.get(b"x-api-key")
    return None if key is None else key.decode("latin-1")


def _request_id(headers: dict[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id", b"")
    return given.decode() if _ID.fullmatch(given) else secrets.token_hex(12)


def _printable(scope: Scope) -> str:
    path = redact(scope["path"])[:200]
    return "".join(character if character.isprintable() else "?" for character in path)
