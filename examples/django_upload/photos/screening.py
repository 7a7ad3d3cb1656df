"""Holdfast before anything is shown: ask, do what the answer says, confirm what was removed."""

import logging
from contextlib import suppress
from functools import cache

from django.conf import settings

from holdfast.client import Client, ClientError, ConflictError, Context
from photos.models import Photo

log = logging.getLogger(__name__)


@cache
def client() -> Client:
    """One client for the whole process: it keeps its connections, and many threads may use it."""
    return Client(settings.HOLDFAST_URL, settings.HOLDFAST_KEY, deadline_s=20)


def check(photo: Photo) -> None:
    """Asks about a photo that nobody sees yet, and does what the answer says."""
    context = Context(
        content_reference=str(photo.number),
        account=photo.account,
        surface="public",
        uploaded_at=photo.uploaded_at,
        ip=photo.ip,
        original_name=photo.original_name,
    )
    try:
        with photo.file.open("rb") as file:
            # With a key of our own, asking again after a crash records nothing twice.
            answer = client().screen(file, context, idempotency_key=str(photo.number))
    except ClientError as error:
        log.warning("photo %s stays hidden, there is no answer: %s", photo.number, error)
        return
    photo.is_checked = True
    if answer.may_publish:
        photo.state = Photo.State.SHOWN
    elif answer.decision.class_ == "known":
        photo.state = Photo.State.REFUSED
        photo.file.delete(save=False)  # Holdfast holds it, encrypted, for the report
    photo.save()
    for action in answer.actions:
        confirm(action.id, [])


def hide(number: str) -> list[str]:
    """Hides a photo; what the public can no longer see: thumbnails and caches too, in a real service."""
    shown = Photo.objects.filter(number=number, state=Photo.State.SHOWN)
    return [f"photos/{number}"] if shown.update(state=Photo.State.WAITS) else []


def confirm(action: int, removed: list[str]) -> None:
    """Tells Holdfast what was removed. An alarm rings there when nobody does."""
    with suppress(ConflictError):  # confirmed before, by the other way that we hear of it
        outcome = "removed" if removed else "already_gone"
        client().confirm_action(action, outcome=outcome, removed=removed)


def hear(kind: str, data: dict) -> None:
    """Does what a message asks."""
    number = data.get("content_reference")
    if not number:
        return
    if kind == "hold.placed":
        hide(number)
    elif kind == "hold.released":  # a person looked: it is harmless
        Photo.objects.filter(number=number, state=Photo.State.WAITS).update(state=Photo.State.SHOWN)
    for action in data.get("actions", ()):
        confirm(action["id"], hide(number))
