"""The client for code that runs in an event loop: the same methods as `Client`, awaited.

async with AsyncClient("https://holdfast.example.org", KEY) as client:
    answer = await client.screen(upload.file, Context(surface="public", country="US"))
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from holdfast.client import happened, holding, lists, reporting, screening, state, working
from holdfast.client.call import Call, Reply
from holdfast.client.connection import Connection, failure, reply_of
from holdfast.client.exchange import Failure, Flow, Item, Patience, Pause, Stream, Try, exchange
from holdfast.client.methods import as_method

if TYPE_CHECKING:
    from types import TracebackType

    import httpx2

    from holdfast.client.body import Body

__all__ = ["AsyncClient"]

P = ParamSpec("P")
T = TypeVar("T")


def _sends(build: Callable[P, Call[T]]) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.send(build(*args, **kwargs))

    return as_method(method, build)


def _walks(build: Callable[P, Flow[T]]) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._walk(build(*args, **kwargs))

    return as_method(method, build)


def _gives(build: Callable[P, Stream[T]]) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[T]]:
    def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        return self._items(build(*args, **kwargs))

    return as_method(method, build)


class AsyncClient:
    """As `Client`, in an event loop (asyncio or trio). Files are read in threads: the loop goes on."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout_s: float = 30.0,
        deadline_s: float = 60.0,
        allow_http: bool = False,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._connection = Connection(url, key, Patience(timeout_s, deadline_s), allow_http)
        import anyio
        import httpx2

        self._anyio = anyio
        self._errors = httpx2.HTTPError
        self._http = httpx2.AsyncClient(transport=transport, **self._connection.options())

    # Content
    screen = _sends(screening.screen)
    screen_url = _sends(screening.screen_url)
    wait_for_answer = _walks(screening.wait_for_answer)
    screen_hashes = _sends(screening.screen_hashes)
    look_up = _sends(screening.look_up)
    look_up_many = _sends(screening.look_up_many)
    hash = _sends(screening.hash_content)
    hash_url = _sends(screening.hash_url)

    # Lists
    banks = _gives(lists.banks)
    bank = _sends(lists.bank)
    create_bank = _sends(lists.create_bank)
    change_bank = _sends(lists.change_bank)
    delete_bank = _sends(lists.delete_bank)
    entries = _gives(lists.entries)
    entry = _sends(lists.entry)
    add_entry = _sends(lists.add_entry)
    add_media = _sends(lists.add_media)
    change_entry = _sends(lists.change_entry)
    delete_entry = _sends(lists.delete_entry)
    review_entry = _sends(lists.review_entry)

    # Jobs
    import_list = _sends(working.import_list)
    jobs = _gives(working.jobs)
    job = _sends(working.job)
    cancel_job = _sends(working.cancel_job)
    retry_job = _sends(working.retry_job)
    wait_for_job = _walks(working.wait_for_job)

    # What happened, and what follows from it
    events = _gives(happened.events)
    event = _sends(happened.event)
    follow_events = _gives(happened.follow_events)
    decisions = _gives(happened.decisions)
    decision = _sends(happened.decision)
    review = _sends(happened.review)
    actions = _gives(happened.actions)
    action = _sends(happened.action)
    confirm_action = _sends(happened.confirm_action)
    removal_times = _sends(happened.removal_times)

    # Held content
    holds = _gives(holding.holds)
    hold = _sends(holding.hold)
    release_hold = _sends(holding.release_hold)
    hold_again = _sends(holding.hold_again)
    place_legal_hold = _sends(holding.place_legal_hold)
    lift_legal_hold = _sends(holding.lift_legal_hold)
    destroy_hold = _sends(holding.destroy_hold)

    # Reports
    reports = _gives(reporting.reports)
    report = _sends(reporting.report)
    draft_report = _sends(reporting.draft_report)
    report_content = _sends(reporting.report_content)
    change_report = _sends(reporting.change_report)
    preview_report = _sends(reporting.preview_report)
    approve_report = _sends(reporting.approve_report)
    cancel_report = _sends(reporting.cancel_report)
    escalate_report = _sends(reporting.escalate_report)
    follow_up_report = _sends(reporting.follow_up_report)
    report_receipt = _sends(reporting.report_receipt)

    # The service itself
    ready = _sends(state.ready)
    is_alive = _sends(state.is_alive)

    async def send(self, call: Call[T]) -> T:
        """The answer to one call, tried again where that is of use. Raises ClientError."""
        return await self._walk(exchange(call, self._connection.patience))

    async def _walk(self, steps: Flow[T]) -> T:
        came: Any = None
        while True:
            try:
                step = steps.send(came)
            except StopIteration as done:
                result: T = done.value
                return result
            came = await self._do(step)

    async def _items(self, steps: Stream[T]) -> AsyncIterator[T]:
        came: Any = None
        while True:
            try:
                step = steps.send(came)
            except StopIteration:
                return
            if isinstance(step, Item):
                yield step.value
            else:
                came = await self._do(step)

    async def _do(self, step: Try | Pause | Call[Any]) -> Any:
        if isinstance(step, Pause):
            return await self._anyio.sleep(step.seconds)
        return await (self._try(step) if isinstance(step, Try) else self.send(step))

    async def _try(self, step: Try) -> Reply | Failure:
        body = step.call.body
        pieces = None if body is None else self._pieces(body)
        try:
            with self._anyio.fail_after(step.timeout_s):
                async with self._http.stream(**self._connection.request(step), content=pieces) as response:
                    return reply_of(response, await response.aread())
        except (self._errors, TimeoutError) as error:
            return failure(error, step.timeout_s)

    async def _pieces(self, body: Body) -> AsyncIterator[bytes]:
        pieces = body.pieces()
        if body.is_in_memory:
            for piece in pieces:
                yield piece
            return
        while piece := await self._anyio.to_thread.run_sync(next, pieces, b""):
            yield piece

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncClient({self._connection.url!r})"
