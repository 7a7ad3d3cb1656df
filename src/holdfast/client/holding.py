"""The calls about held content: what is held, for how long and why. The content itself is not given out."""

from __future__ import annotations

from functools import partial

from holdfast.client.call import Call, json_body, part, query, read_call, write_call
from holdfast.client.decoding import decode
from holdfast.client.exchange import Stream
from holdfast.client.pages import each
from holdfast.client.records import Hold

__all__ = [
    "destroy_hold",
    "hold",
    "hold_again",
    "holds",
    "lift_legal_hold",
    "place_legal_hold",
    "release_hold",
]

_HOLD = partial(decode, Hold)


def holds(*, state: str | None = None) -> Stream[Hold]:
    """Held items and tombstones, the last one held first; or those "held", "released", "destroyed"."""
    return each("/v1/holds", Hold, cursor="before", state=state)


def hold(hold: str) -> Call[Hold]:
    """One held item or its tombstone."""
    return read_call(_of(hold), _HOLD)


def release_hold(hold: str, purpose: str) -> Call[Hold]:
    """Clears held content: it is destroyed after a set time, until which it can be held again."""
    return write_call("POST", f"{_of(hold)}/release", _HOLD, json_body(purpose=purpose))


def hold_again(hold: str, purpose: str) -> Call[Hold]:
    """Takes back a release: the content is held as before."""
    return write_call("POST", f"{_of(hold)}/hold-again", _HOLD, json_body(purpose=purpose))


def place_legal_hold(hold: str, reference: str) -> Call[Hold]:
    """Forbids destruction until the legal hold is lifted; ``reference`` names the order."""
    return write_call("POST", f"{_of(hold)}/legal-holds", _HOLD, json_body(reference=reference))


def lift_legal_hold(hold: str, legal_hold: int, purpose: str) -> Call[Hold]:
    """Lifts one legal hold; others stay."""
    path = f"{_of(hold)}/legal-holds/{part(legal_hold)}/lift"
    return write_call("POST", path, _HOLD, json_body(purpose=purpose))


def destroy_hold(hold: str, purpose: str) -> Call[Hold]:
    """Destroys held content, which cannot be undone; a tombstone stays. It takes two people."""
    return write_call("DELETE", _of(hold), _HOLD, asked=query(purpose=purpose))


def _of(hold: str) -> str:
    return f"/v1/holds/{part(hold)}"
