"""What a platform's own code imports. Nothing here needs the rest of the package.

    client.Client, client.AsyncClient    ask the service: screen, look up, keep lists, follow events
    client.Context                       what the platform knows of an upload
    client.ClientError                   there is no answer: hold the content back
    client.verify                        is this webhook really ours?

Everything is loaded when first used. How it fits together: `screening`, `lists` and their like make a
`call.Call`, `exchange` says how it is tried, and `Client` and `AsyncClient` do what it says.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.client.answers import (
        Answer,
        AskedAction,
        Decision,
        FileHashes,
        ItemProblem,
        LookUp,
        LookUps,
        Match,
        NearEntry,
        Outcome,
        PdqHash,
        Policy,
        ScreenedHashes,
        Unanswered,
    )
    from holdfast.client.async_client import AsyncClient
    from holdfast.client.client import Client
    from holdfast.client.context import Context
    from holdfast.client.errors import (
        AnswerLaterError,
        BadRequestError,
        ClientError,
        ConflictError,
        FetchFailedError,
        JobFailedError,
        JobUnfinishedError,
        NoAnswerError,
        NotAllowedError,
        NotAuthenticatedError,
        NotFoundError,
        OverLimitError,
        RefusedError,
        ServiceFailedError,
        TooLargeError,
        TryLaterError,
        UnavailableError,
        UnexpectedAnswerError,
    )
    from holdfast.client.listed import (
        AddedEntry,
        Bank,
        BankCounts,
        DeletedBank,
        Entry,
        EntryDetail,
        EntryReview,
        Fingerprint,
        ListedHash,
        Opinion,
    )
    from holdfast.client.lists import KEEP
    from holdfast.client.records import (
        Action,
        DecisionRecord,
        Event,
        Hold,
        Job,
        LegalHold,
        RemovalTimes,
        Reviewed,
        Spread,
    )
    from holdfast.client.reporting import (
        Receipt,
        Report,
        ReportContent,
        ReportLack,
        ReportPreview,
        ReportStanding,
    )
    from holdfast.client.screening import HashedContent
    from holdfast.client.state import Ready
    from holdfast.client.webhooks import WebhookVerificationError, verify

_HOMES = {
    "Action": "records",
    "AddedEntry": "listed",
    "Answer": "answers",
    "AskedAction": "answers",
    "AsyncClient": "async_client",
    "BadRequestError": "errors",
    "Bank": "listed",
    "BankCounts": "listed",
    "Client": "client",
    "ClientError": "errors",
    "ConflictError": "errors",
    "Context": "context",
    "Decision": "answers",
    "DecisionRecord": "records",
    "DeletedBank": "listed",
    "Entry": "listed",
    "EntryDetail": "listed",
    "EntryReview": "listed",
    "Event": "records",
    "FetchFailedError": "errors",
    "FileHashes": "answers",
    "Fingerprint": "listed",
    "HashedContent": "screening",
    "Receipt": "reporting",
    "Report": "reporting",
    "ReportContent": "reporting",
    "ReportLack": "reporting",
    "ReportPreview": "reporting",
    "ReportStanding": "reporting",
    "Hold": "records",
    "ItemProblem": "answers",
    "Job": "records",
    "AnswerLaterError": "errors",
    "JobFailedError": "errors",
    "JobUnfinishedError": "errors",
    "KEEP": "lists",
    "LegalHold": "records",
    "ListedHash": "listed",
    "LookUp": "answers",
    "LookUps": "answers",
    "Match": "answers",
    "NearEntry": "answers",
    "NoAnswerError": "errors",
    "NotAllowedError": "errors",
    "NotAuthenticatedError": "errors",
    "NotFoundError": "errors",
    "Opinion": "listed",
    "Outcome": "answers",
    "OverLimitError": "errors",
    "PdqHash": "answers",
    "Policy": "answers",
    "Ready": "state",
    "RefusedError": "errors",
    "RemovalTimes": "records",
    "Reviewed": "records",
    "ScreenedHashes": "answers",
    "ServiceFailedError": "errors",
    "Spread": "records",
    "TooLargeError": "errors",
    "TryLaterError": "errors",
    "Unanswered": "answers",
    "UnavailableError": "errors",
    "UnexpectedAnswerError": "errors",
    "WebhookVerificationError": "webhooks",
    "verify": "webhooks",
}

__all__ = [
    "KEEP",
    "Action",
    "AddedEntry",
    "Answer",
    "AnswerLaterError",
    "AskedAction",
    "AsyncClient",
    "BadRequestError",
    "Bank",
    "BankCounts",
    "Client",
    "ClientError",
    "ConflictError",
    "Context",
    "Decision",
    "DecisionRecord",
    "DeletedBank",
    "Entry",
    "EntryDetail",
    "EntryReview",
    "Event",
    "FetchFailedError",
    "FileHashes",
    "Fingerprint",
    "HashedContent",
    "Hold",
    "ItemProblem",
    "Job",
    "JobFailedError",
    "JobUnfinishedError",
    "LegalHold",
    "ListedHash",
    "LookUp",
    "LookUps",
    "Match",
    "NearEntry",
    "NoAnswerError",
    "NotAllowedError",
    "NotAuthenticatedError",
    "NotFoundError",
    "Opinion",
    "Outcome",
    "OverLimitError",
    "PdqHash",
    "Policy",
    "Ready",
    "Receipt",
    "RefusedError",
    "RemovalTimes",
    "Report",
    "ReportContent",
    "ReportLack",
    "ReportPreview",
    "ReportStanding",
    "Reviewed",
    "ScreenedHashes",
    "ServiceFailedError",
    "Spread",
    "TooLargeError",
    "TryLaterError",
    "Unanswered",
    "UnavailableError",
    "UnexpectedAnswerError",
    "WebhookVerificationError",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'holdfast.client' has no attribute {name!r}")
    return getattr(import_module(f"holdfast.client.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
