"""The `sample` exchange: published example hashes of harmless pictures, for trying things out.

Source: the examples of the signal types in facebook/ThreatExchange, python-threatexchange/threatexchange/
signal_type/pdq/signal.py and md5.py. The pictures are the PDQ authors' own test images (a bridge with
eleven edits, two others) and GitHub's logos. Their MD5 of the empty file is left out: every empty upload
would match it.
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.banks.entries import add_entry
from holdfast.banks.models import Fingerprint, Handling, Source
from holdfast.banks.sources import ensure_source
from holdfast.errors import HoldfastError
from holdfast.exchanges.models import Exchange
from holdfast.exchanges.service import get_exchange
from holdfast.records.database import Database
from holdfast.records.tables.base import now
from holdfast.records.tables.exchanges import exchanges

__all__ = ["SAMPLE_MD5", "SAMPLE_PDQ", "fetch_sample", "sample_source"]

# The values are published, so they may go anywhere.
_TERMS = Handling(may_match=True, may_export=True, share_with=("*",))

SAMPLE_PDQ = (
    # pdq/data/bridge-mods
    "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22",
    "f8f8f0cee0f4a84f06370a2a038f63f0b36e26d596621e1d33e6b39c4e9c9b22",
    "f8f8f0cee0f4a84f0637022a038f67f0b36e26d596621e1d33e6b39c4e9c9b22",
    "f8f8f0cee0f4a84f06370a2a068f67f0b36e26d596621e1d33e6339c4e9c9b22",
    "f8f8f0cee0f4a84f06370a22038f67f0b36e2ed596221e1d33e6b39c4e9c9b22",
    "f8f8f0cee0f4a84f0e370a22038f67f0b36e2ed596221e1d33e6b39c4a9c9b22",
    "d8f8f0cec0f4a84f8e370a22038f67f0b36a2ed597231e1d72e6b39c4a9c9b22",
    "f8f8f0cee0f4a84f06370a22038f67f0b36e2ed596621e1d33e6339c4e9c9b22",
    "d0f8f1ccc0f4a84d0a370a3a228f67f0b36e2ed5b6623e1d33e6339c4e9c9b22",
    "d8f8f1eec0f4a84f0e37022a078f63f0b36e2ed596621e1d33e6239c4e9c9b22",
    "d8f8f0cec4f4a84f0637022a078f67f0b36e2ee5b6621e1d33e6239c4e9c9b22",
    "d8f8f0cec0f4a84f0637022a278f67f0b36e2ed596621e1d33e6339c4e9c9b22",
    # pdq/data/misc-images
    "e64cc9d91c623882f8d1f1d9a398e78c9f199b3bd83924f2b7e11e0bf861b064",
    "6227401f601ff4ccafcc9fad4b0d95d371a2eb7265a3285234d228ca94deeb2d",
    # GitHub's logos
    "c186f9619659658c4b6916daf934496985f4259c72c39676ab9edb631c3c349c",
    "62c9789627838f69f23cf98c29e37836d61c87c31c59587c4b49a783f496725c",
)
SAMPLE_MD5 = ("cab08b36195edb1a1231d2d09fa450e0",)


def fetch_sample(database: Database, name: str) -> Exchange:
    """Puts the examples into the bank of the exchange ``name``, and writes down how that went.

    Again: nothing is added twice. Raises `NotFoundError` when there is no such exchange, and what stopped
    it when it failed: nothing was added then.
    """
    with database.write() as connection:
        exchange = get_exchange(connection, name)
        _note(connection, exchange, fetch_started_at=now())
    try:
        with database.write() as connection:
            count = _add(connection, exchange)
            _note(
                connection,
                exchange,
                fetch_started_at=None,
                fetched_at=now(),
                fetch_succeeded=True,
                fetch_error=None,
                fetched_items=count,
                up_to_date=True,
            )
            return get_exchange(connection, name)
    except HoldfastError as error:
        with database.write() as connection:
            _note(
                connection,
                exchange,
                fetch_started_at=None,
                fetched_at=now(),
                fetch_succeeded=False,
                fetch_error=str(error)[:500],
                up_to_date=False,
            )
        raise


def sample_source(connection: sa.Connection) -> Source:
    """The source of all that is only for trying things out."""
    return ensure_source(connection, "sample", kind="sample", handling=_TERMS)


def _add(connection: sa.Connection, exchange: Exchange) -> int:
    """One entry for each example, as the peers do; how many there are."""
    source = sample_source(connection)
    examples = [("pdq", value, "unknown", "image") for value in SAMPLE_PDQ]
    examples += [("md5", value, "", "video") for value in SAMPLE_MD5]
    for number, (algorithm, value, convention, medium) in enumerate(examples, 1):
        add_entry(
            connection,
            exchange.bank_id,
            label=f"example {number}",
            added=[Fingerprint(algorithm, bytes.fromhex(value), convention)],
            source_id=source.id,
            medium=medium,
            provenance=exchange.name,
        )
    return len(examples)


def _note(connection: sa.Connection, exchange: Exchange, **values: object) -> None:
    connection.execute(exchanges.update().where(exchanges.c.id == exchange.id).values(values))
