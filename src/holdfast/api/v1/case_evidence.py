"""A case as one sealed file, over HTTP: see `holdfast.vault.evidence`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field, StringConstraints
from starlette.responses import StreamingResponse

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1.cases import require_case_scope
from holdfast.api.v1.fields import Id, Request
from holdfast.records import audit
from holdfast.reporting.evidence import gather
from holdfast.reporting.packets.signer_file import open_signer
from holdfast.vault.evidence import write_evidence
from holdfast.vault.sealing import Recipient

__all__ = ["export_case", "router"]

router = APIRouter(tags=["cases"])

_Item = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
_PERCEPTUAL = ("medium", "pdq", "vpdq", "reason", "detail")


class EvidenceRequest(Request):
    """Who is to open it."""

    recipient: str = Field(
        max_length=100,
        description="Public key of `holdfast vault identity`.",
        examples=["holdfast-recipient-3q2w..."],
    )
    leave_out: list[_Item] = Field([], max_length=1000, description="Held content that is only named in it.")


@router.post(
    "/v1/cases/{case}/evidence",
    summary="Export a case as a sealed evidence package",
    response_class=StreamingResponse,
    responses=responses(404, 422, 503)
    | {200: {"content": {"application/octet-stream": {}}, "description": "The package, as it is written."}},
)
def evidence(
    case: Id, body: EvidenceRequest, caller: Annotated[Caller, Guard(Permission.CASE_EXPORT)]
) -> StreamingResponse:
    """Originals, match evidence, documents, answers, messages, views, audit lines: signed and encrypted.

    It is as secret as the content. A package that was cut off on its way is refused by whoever opens it
    (`holdfast vault verify-evidence`). The export is on the audit log before the first byte.
    """
    return export_case(caller, case, body.recipient, body.leave_out)


def export_case(
    caller: Caller, case: int, recipient_key: str, leave_out: Sequence[str] = ()
) -> StreamingResponse:
    """The package as an answer; the export is on record when this returns. Raises `HoldfastError`."""
    runtime = caller.runtime
    with runtime.database.read() as connection:
        require_case_scope(caller, connection, case)
        recipient = Recipient.parse(recipient_key)
        signer = open_signer(runtime.settings.reporting, runtime.home.path)
        dossier = gather(connection, runtime.sealer, case, leave_out=leave_out)
    with runtime.database.write() as connection:
        facts = {"recipient": str(recipient), "originals": len(dossier.originals)}
        audit.append(
            connection, actor=caller.subject, action="case.export", target=f"case:{case}", facts=facts
        )
    pieces: Iterator[bytes] = write_evidence(
        runtime.vault,
        dossier,
        recipient=recipient,
        signer=signer,
        sender=runtime.settings.reporting.platform or "",
        actor=caller.subject,
        look=lambda content: _perceptual(caller, content),
    )
    headers = {"content-disposition": f'attachment; filename="case-{case}.hfe"'}
    return StreamingResponse(pieces, headers=headers, media_type="application/octet-stream")


def _perceptual(caller: Caller, content: bytes) -> dict[str, Any]:
    found = caller.runtime.screener.hasher.hash_bytes(content).to_json()
    return {name: found[name] for name in _PERCEPTUAL}
