"""The settings section ``reporting``. Everybody has it from `holdfast.settings`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ReportingSettings"]


class ReportingSettings(BaseModel):
    """Reports: where they go, who reports, holds and second people. Credentials are in no setting."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    environment: Literal["test", "production"] = Field(
        default="test", description="NCMEC's test service (nothing is filed), or production."
    )
    test_url: str | None = Field(
        default=None, description="Another test service: a stand-in; NCMEC's by default. Never of production."
    )
    credentials_file: Path | None = Field(
        default=None,
        description="TOML file outside the home with a [test] or [production] user and password.",
    )
    platform: str | None = Field(
        default=None, max_length=256, description="Name of the application, as reports name it."
    )
    reporter_email: str | None = Field(
        default=None, description="E-mail address of whoever reports: no report goes without it."
    )
    reporter_first_name: str | None = Field(default=None, description="Their first name.")
    reporter_last_name: str | None = Field(default=None, description="Their last name.")
    reporter_phone: str | None = Field(default=None, description="Their telephone number.")
    company_template: str | None = Field(
        default=None, description="What every report of the company says of it, as agreed with NCMEC."
    )
    terms_of_service: str | None = Field(default=None, description="The terms that the material breaks.")
    legal_url: str | None = Field(default=None, description="Page for legal process served on the company.")
    industry_classification: bool = Field(
        default=False,
        description="Send A1 to B2: only with NCMEC's memorandum of the Industry Hash Sharing Platform.",
    )
    hold_s: float = Field(
        default=600.0, ge=0, description="Time after approval in which a report can still be cancelled."
    )
    two_people: bool = Field(
        default=False, description="Every report needs a second person, also where no rule asks for one."
    )
    automatic: bool = Field(
        default=False,
        description="File exact matches on trusted banks without a person, after a shadow time.",
    )
    automatic_shadow_days: float = Field(
        default=14.0,
        ge=1,
        description="Days in which the automatic rule only counts what it would have done.",
    )
    automatic_daily_cap: int = Field(
        default=20, ge=0, description="Reports in 24 hours that may be filed without a person."
    )
    destinations_file: Path | None = Field(
        default=None,
        description="Jurisdictions and packet destinations; `destinations.toml` in the home, or the shipped.",
    )
    packet_folder: Path | None = Field(
        default=None, description="Where packets for hand-over are written; `packets` in the home."
    )
    signer_file: Path | None = Field(
        default=None, description="Key file that signs packets, outside the home; `holdfast report signer`."
    )
    enrichment_url: str | None = Field(
        default=None, description="Where the platform answers what it knows of an account; none by default."
    )
    enrichment_secret_file: Path | None = Field(
        default=None, description="File outside the home with the secret (whsec_...) that signs the question."
    )
    enrichment_timeout_s: float = Field(
        default=10.0, gt=0, le=60, description="Time for one question to the platform."
    )
