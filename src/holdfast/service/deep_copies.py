"""The platform's own copy of an upload that was let through: fetched, so that it can be held as evidence.

Only where the upload came with URLs on hosts that may be fetched (`fetch.hosts`). What lies there is taken
when it is the very same file, or the same picture as PDQ sees it: platforms often compress anew.
"""

from __future__ import annotations

import io
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import numpy as np
import structlog

from holdfast.decisions.vocabulary import DECISIVE_DISTANCE_BITS
from holdfast.errors import FetchError, HoldfastError
from holdfast.hashing.pdq import pdq
from holdfast.records.worker import describe

if TYPE_CHECKING:
    from holdfast.screening.waiting import WaitingUpload
    from holdfast.service.runtime import Runtime

__all__ = ["copy_at_platform"]

MAX_URLS: Final = 3

log = structlog.get_logger(__name__)


def copy_at_platform(runtime: Runtime, upload: WaitingUpload) -> bytes | None:
    """The bytes at one of the upload's URLs; None where none may be fetched, answers, or shows the same."""
    if not runtime.settings.fetch.hosts:
        return None
    for url in upload.context.urls[:MAX_URLS]:
        into = io.BytesIO()
        try:
            runtime.fetcher.fetch(url, into)
            data = into.getvalue()
            if sha256(data).digest() == upload.sha256 or _is_same_picture(runtime, upload, data):
                return data
        except FetchError as error:
            log.info("the platform's copy was not fetched", reason=error.reason)
        except HoldfastError as error:
            log.warning("the platform's copy could not be looked at", error=describe(error))
    return None


def _is_same_picture(runtime: Runtime, upload: WaitingUpload, data: bytes) -> bool:
    listed = [one.pdq.bits for one in runtime.screener.hasher.hash_bytes(data).pdq]
    own = [pdq(luma.pixels).bits for _, luma in upload.lumas]
    distances = [int(np.bitwise_count(one ^ other).sum()) for one in listed for other in own]
    return min(distances, default=256) <= DECISIVE_DISTANCE_BITS
