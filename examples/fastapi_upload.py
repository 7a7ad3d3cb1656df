"""A photo service in FastAPI that shows nothing before Holdfast has looked at it.

    pip install holdfast fastapi uvicorn python-multipart
    export HOLDFAST_URL=https://holdfast.example.org HOLDFAST_KEY=hf_... HOLDFAST_WEBHOOK_SECRET=whsec_...
    uvicorn --factory fastapi_upload:from_environment

Every photo is taken in where nobody sees it. It is shown when Holdfast says so; it stays hidden while there
is no answer, and is asked about again; and it goes when it is known. The webhook hears of what happens later.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from fastapi import FastAPI, HTTPException, Request, Response, UploadFile

from holdfast.client import (
    AskedAction,
    AsyncClient,
    ClientError,
    ConflictError,
    Context,
    WebhookVerificationError,
    verify,
)

log = logging.getLogger(__name__)

ASK_AGAIN_S = 30.0
REMEMBERED = 100_000  # webhooks come more than once: so many are known again


class Photos:
    """Where the photos lie: `hidden` (nobody sees them) or `shown`. Your own storage, in short."""

    def __init__(self, folder: Path) -> None:
        self.hidden, self.shown = folder / "hidden", folder / "shown"
        self.unchecked: dict[str, Context] = {}  # there was no answer yet; in a real service a table
        for place in (self.hidden, self.shown):
            place.mkdir(parents=True, exist_ok=True)

    def take_in(self, name: str, file: BinaryIO) -> None:
        with (self.hidden / name).open("wb") as copy:
            shutil.copyfileobj(file, copy)

    def show(self, name: str) -> None:
        """Shows a photo that is hidden; nothing where it is shown already or gone."""
        with suppress(FileNotFoundError):
            (self.hidden / name).rename(self.shown / name)

    def hide(self, name: str) -> list[str]:
        """Hides a photo; what the public can no longer see: thumbnails and caches too, in a real service."""
        try:
            (self.shown / name).rename(self.hidden / name)
        except FileNotFoundError:
            return []
        return [f"shown/{name}"]

    def delete(self, name: str) -> list[str]:
        removed = self.hide(name)
        (self.hidden / name).unlink(missing_ok=True)
        return removed


def create_app(holdfast: AsyncClient, secret: str, photos: Photos) -> FastAPI:
    """The application. ``secret`` is the webhook's, from `holdfast webhook create`."""
    seen: OrderedDict[str, None] = OrderedDict()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        asking = asyncio.create_task(ask_again())
        yield
        asking.cancel()
        await holdfast.close()

    app = FastAPI(lifespan=lifespan)

    @app.post("/photos", status_code=202)
    async def upload(request: Request, file: UploadFile, account: str) -> dict[str, str]:
        """Takes a photo in, asks Holdfast, and says what became of it: shown, waits or refused."""
        name = uuid.uuid4().hex
        await asyncio.to_thread(photos.take_in, name, file.file)
        photos.unchecked[name] = Context(
            content_reference=name,
            account=account,
            surface="public",
            country=request.headers.get("x-country"),  # from your own GeoIP, whatever it says
            uploaded_at=datetime.now(UTC),
            ip=request.client.host if request.client else None,
            port=request.client.port if request.client else None,
            original_name=file.filename,
        )
        return {"photo": name, "state": await check(name)}

    @app.get("/photos/{name}")
    async def show(name: str) -> Response:
        try:  # read at once: it may be hidden in this very moment
            photo = await asyncio.to_thread((photos.shown / Path(name).name).read_bytes)
        except OSError:
            raise HTTPException(404) from None
        return Response(photo, media_type="image/jpeg")

    @app.post("/hooks/holdfast")
    async def hook(request: Request) -> Response:
        """What Holdfast tells: verified, each message once, and only then believed."""
        try:
            message = verify(secret, request.headers, await request.body())
        except WebhookVerificationError as error:
            log.warning("a webhook was not believed: %s", error)
            return Response(status_code=400)
        number = request.headers["webhook-id"]
        if number not in seen:
            await hear(message["type"], message["data"])
            seen[number] = None  # only when it is done: a message that failed comes again
            while len(seen) > REMEMBERED:
                seen.popitem(last=False)
        return Response(status_code=204)

    async def check(name: str) -> str:
        """Asks Holdfast about a hidden photo and does what it says."""
        try:
            # With a key of our own, asking again after a crash records nothing twice.
            context = photos.unchecked[name]
            answer = await holdfast.screen(photos.hidden / name, context, idempotency_key=name)
        except ClientError as error:
            log.warning("photo %s stays hidden, there is no answer: %s", name, error)
            return "waits"
        photos.unchecked.pop(name, None)
        if answer.may_publish:
            photos.show(name)
            return "shown"
        is_known = answer.decision.class_ == "known"
        # What is known goes: Holdfast holds it, encrypted, for the report. The rest waits for a person.
        await confirm(answer.actions, photos.delete(name) if is_known else photos.hide(name))
        return "refused" if is_known else "waits"

    async def hear(kind: str, data: dict[str, Any]) -> None:
        """Does what a message asks. What fails here is a 500, and Holdfast sends the message again."""
        name = Path(data.get("content_reference") or "").name
        if not name:
            return
        if kind == "hold.placed":
            photos.hide(name)
        elif kind == "hold.released":
            photos.show(name)  # a person looked: it is harmless
        for asked in data.get("actions", ()):
            await confirm([AskedAction(asked["id"], asked["action"])], photos.hide(name))

    async def confirm(actions: Sequence[AskedAction], removed: list[str]) -> None:
        """Tells Holdfast what was removed. An alarm rings there when nobody does."""
        for action in actions:
            with suppress(ConflictError):  # confirmed before, by the other way that we hear of it
                await holdfast.confirm_action(
                    action.id, outcome="removed" if removed else "already_gone", removed=removed
                )

    async def ask_again() -> None:
        while True:
            await asyncio.sleep(ASK_AGAIN_S)
            for name in list(photos.unchecked):
                await check(name)

    return app


def from_environment() -> FastAPI:
    """The application as `uvicorn --factory` wants it."""
    holdfast = AsyncClient(os.environ["HOLDFAST_URL"], os.environ["HOLDFAST_KEY"])
    folder = Path(os.environ.get("PHOTOS", "photos"))
    return create_app(holdfast, os.environ["HOLDFAST_WEBHOOK_SECRET"], Photos(folder))
