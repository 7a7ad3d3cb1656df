"""What the settings say of reports: the CyberTipline that is meant, its credentials, who reports.

Credentials are in no setting. They come from the environment, HOLDFAST_CYBERTIPLINE_TEST_USER and _PASSWORD
(or _PRODUCTION_), or from a file outside the home:

    [test]
    user = "..."
    password = "..."

Each environment has its own, so that what is meant for one is never sent to the other.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from holdfast.errors import SettingsError
from holdfast.reporting.cybertip.client import Client
from holdfast.reporting.cybertip.destination import Credentials, CyberTipline, Environment
from holdfast.reporting.cybertip.models.common import Email, Person, Phone
from holdfast.reporting.cybertip.models.people import Reporter
from holdfast.reporting.secret_file import read_secret_file
from holdfast.settings import ReportingSettings

__all__ = ["cybertipline", "find_credentials", "open_client", "reporter"]

VARIABLE = "HOLDFAST_CYBERTIPLINE"
WHAT = "The credentials of the CyberTipline (reporting.credentials_file)"


def cybertipline(settings: ReportingSettings) -> CyberTipline:
    """The service that reports go to. Raises `DestinationError` for an address that is not allowed."""
    environment = Environment(settings.environment)
    if environment is Environment.PRODUCTION and settings.test_url is not None:
        raise SettingsError(
            "reporting.test_url is set and reporting.environment is production: one of them is a mistake. "
            "Nothing was sent. Take test_url out, or set the environment to test."
        )
    return CyberTipline(environment, settings.test_url or "")


def find_credentials(
    settings: ReportingSettings, home: Path, environ: Mapping[str, str] = os.environ
) -> Credentials | None:
    """The credentials of the environment that is set, None where there are none: reports are not set up.

    Raises `SettingsError` for a file that cannot be used, and for half of a pair.
    """
    name = settings.environment
    user, password = (environ.get(f"{VARIABLE}_{name.upper()}_{half}") for half in ("USER", "PASSWORD"))
    if user or password:
        return _pair(user, password, f"{VARIABLE}_{name.upper()}_USER and _PASSWORD")
    if settings.credentials_file is None:
        return None
    text = read_secret_file(settings.credentials_file, home=home, what=WHAT)
    try:
        values: Any = tomllib.loads(text).get(name)
    except tomllib.TOMLDecodeError:
        raise SettingsError(f"{WHAT}: the file is not valid TOML. Nothing was sent. Mend it.") from None
    if values is None:
        return None
    pair = values if isinstance(values, dict) else {}
    return _pair(pair.get("user"), pair.get("password"), f"[{name}] in the credentials file")


def open_client(settings: ReportingSettings, home: Path) -> Client:
    """A client of the service that is set. Raises `SettingsError` without credentials, `DestinationError`."""
    destination = cybertipline(settings)
    credentials = find_credentials(settings, home)
    if credentials is None:
        raise SettingsError(
            f"There are no credentials for the CyberTipline's {settings.environment} service. Nothing was "
            f"sent. Put them into reporting.credentials_file under [{settings.environment}], or into "
            f"{VARIABLE}_{settings.environment.upper()}_USER and _PASSWORD."
        )
    return Client(destination, credentials)


def reporter(settings: ReportingSettings) -> Reporter:
    """Who reports. Without reporter_email no report passes the check; nothing is made up."""
    person = Person(
        first_name=settings.reporter_first_name,
        last_name=settings.reporter_last_name,
        phones=() if settings.reporter_phone is None else (Phone(value=settings.reporter_phone),),
        emails=() if settings.reporter_email is None else (Email(value=settings.reporter_email),),
    )
    return Reporter(
        reporting_person=person,
        company_template=settings.company_template,
        terms_of_service=settings.terms_of_service,
        legal_url=settings.legal_url,
    )


def _pair(user: Any, password: Any, where: str) -> Credentials:
    if not (isinstance(user, str) and isinstance(password, str) and user and password):
        raise SettingsError(
            f"The CyberTipline's credentials are not whole ({where}): give user and password. "
            "Nothing was sent."
        )
    return Credentials(user, password)
