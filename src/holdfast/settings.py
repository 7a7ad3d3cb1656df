"""Settings: defaults, then `settings.toml` in the home, then the environment; the later wins.

    [media]
    max_pixels = 80_000_000        # or HOLDFAST_MEDIA__MAX_PIXELS=80000000

Every setting is described in docs/settings.md (a test holds the two together).
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from holdfast.errors import SettingsError
from holdfast.settings_reporting import ReportingSettings

if TYPE_CHECKING:
    from holdfast.media.types import ImageLimits, VideoLimits
    from holdfast.review.rules import ReviewRules

__all__ = [
    "ConsoleSettings",
    "DeepSettings",
    "FetchSettings",
    "HmaSettings",
    "LimitSettings",
    "MediaSettings",
    "OidcSettings",
    "ReportingSettings",
    "ReviewSettings",
    "RuleSettings",
    "ScanSettings",
    "ServerSettings",
    "Settings",
    "VaultSettings",
    "VideoSettings",
    "WebhookSettings",
    "load_settings",
]

MEBIBYTE = 1024 * 1024
PersonRole = Literal["reviewer", "analyst", "lead", "admin", "auditor"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MediaSettings(_Section):
    """Limits on what comes from outside, and the decode workers."""

    workers: int | None = Field(
        default=None, ge=1, description="Decode workers; the number of processors by default."
    )
    max_bytes: int = Field(default=100 * MEBIBYTE, ge=1, description="Largest file that is decoded.")
    max_pixels: int = Field(
        default=120_000_000, ge=1, description="Largest picture (width x height) that is decoded."
    )
    max_frames: int = Field(default=256, ge=1, description="Frames of an animation that are looked at.")
    max_total_pixels: int = Field(
        default=400_000_000, ge=1, description="Pixels of all frames of one file together that are looked at."
    )
    max_memory_bytes: int = Field(
        default=2048 * MEBIBYTE, ge=256 * MEBIBYTE, description="Memory of one decode worker."
    )
    cpu_s: float = Field(default=10.0, gt=0, description="Processor time for one file.")
    wall_s: float = Field(default=20.0, gt=0, description="Time on the clock for one file.")

    def image_limits(self) -> ImageLimits:
        from holdfast.media.types import ImageLimits

        return ImageLimits(**self.model_dump(exclude={"workers"}))


class VideoSettings(_Section):
    """Limits on one video. What lies beyond one is *not matchable*; what lies before it is compared."""

    max_bytes: int = Field(
        default=4096 * MEBIBYTE,
        ge=1,
        description="Largest video that is decoded from a file; uploads have `media.max_bytes`.",
    )
    max_pixels: int = Field(default=36_000_000, ge=1, description="Largest frame (8K has 33 million).")
    max_duration_s: float = Field(default=6 * 3600.0, gt=0, description="Later moments are not looked at.")
    max_memory_bytes: int = Field(
        default=1024 * MEBIBYTE, ge=256 * MEBIBYTE, description="Memory of the worker that decodes it."
    )
    cpu_s: float = Field(default=1800.0, gt=0, description="Processor time for one video.")
    wall_s: float = Field(default=3600.0, gt=0, description="Time on the clock for one video.")
    direct_max_s: float = Field(
        default=60.0,
        ge=0,
        description="Uploaded videos up to this length are answered at once, longer ones by a job.",
    )
    direct_cpu_s: float = Field(
        default=30.0, gt=0, description="Those that take more processor time than this, too."
    )

    def video_limits(self) -> VideoLimits:
        from holdfast.media.types import VideoLimits

        return VideoLimits(**self.model_dump(exclude={"direct_max_s", "direct_cpu_s"}))

    def direct_limits(self) -> VideoLimits:
        """Of what is looked at while somebody waits for the answer."""
        from dataclasses import replace

        limits = self.video_limits()
        return replace(
            limits,
            max_duration_s=min(limits.max_duration_s, self.direct_max_s),
            cpu_s=min(limits.cpu_s, self.direct_cpu_s),
            wall_s=min(limits.wall_s, 2 * self.direct_cpu_s),
        )


class ScanSettings(_Section):
    """Folder scans."""

    checkpoint_s: float = Field(
        default=1.0, gt=0, description="At most this much work is done twice after a kill."
    )
    threads: int | None = Field(
        default=None, ge=1, description="Files in work at once; twice the processors by default."
    )
    keyframes_only: bool = Field(
        default=False,
        description="Look at videos by their keyframes; one of which these show nothing is *not matchable*.",
    )


class ServerSettings(_Section):
    """The HTTP service."""

    host: str = Field(
        default="127.0.0.1", description="Address to listen on; loopback only until you say otherwise."
    )
    port: int = Field(default=8600, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    processes: int = Field(
        default=1, ge=1, le=64, description="API processes; one serves about eight processors of decoding."
    )
    job_threads: int = Field(
        default=1, ge=0, le=64, description="Jobs at once in the worker process; 0 starts no worker process."
    )
    threads: int | None = Field(
        default=None,
        ge=1,
        description="Uploads in work at once a process; by default one more than decode workers.",
    )
    max_bytes_in_memory: int = Field(
        default=512 * MEBIBYTE,
        ge=1,
        description="Bytes of uploads in work at once a process; beyond it the answer is 503, try again.",
    )
    max_body_wait_s: float = Field(
        default=60.0, gt=0, description="Time in which a request's body has to arrive."
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(), description="Networks of proxies whose X-Forwarded-For is believed."
    )
    public_docs: bool = Field(
        default=False, description="Show /openapi.json without a key; else any key opens it."
    )
    refresh_s: float = Field(
        default=0.25, gt=0, le=1, description="How often a process looks for new and withdrawn entries."
    )
    stale_s: float = Field(
        default=30.0, gt=0, description="After so long without a look at the lists a process is not ready."
    )
    drain_s: float = Field(
        default=20.0, gt=0, description="Time that requests under way have to end when the service stops."
    )


class RuleSettings(_Section):
    """Policy, rules, and the brakes on false positives."""

    policy_file: Path | None = Field(
        default=None, description="The policy; `policy.toml` in the home when there is one, else the shipped."
    )
    rules_file: Path | None = Field(
        default=None, description="The rules; `rules.toml` in the home when there is one, else the shipped."
    )
    default_surface: Literal["public", "private", "unknown"] = Field(
        default="unknown", description="The surface of uploads whose context does not say it."
    )
    flood_least: int = Field(
        default=20, ge=1, description="Matches of one entry in an hour that are never a flood."
    )
    flood_factor: float = Field(
        default=8.0, gt=0, description="A flood is more than so many times the entry's daily mean in an hour."
    )
    probing_versions: int = Field(
        default=5, ge=2, description="Versions around one entry from one account that are probing."
    )
    probing_window_s: float = Field(default=600.0, gt=0, description="Time within which they are counted.")
    probing_limited_s: float = Field(
        default=900.0, gt=0, description="How long uploads of a probing account are not checked."
    )
    unconfirmed_s: float = Field(
        default=3600.0, gt=0, description="An action that is not confirmed for so long raises an alarm."
    )


class DeepSettings(_Section):
    """The deep check: uploads that matched nothing at once, looked at from all sides for banks that ask for
    it.
    """

    uploads_per_pass: int = Field(
        default=16, ge=1, le=64, description="Uploads that one pass over the lists answers."
    )
    max_waiting: int = Field(
        default=500, ge=1, description="Uploads that may wait; beyond it the check is skipped."
    )
    kept_s: float = Field(
        default=600.0, gt=0, le=3600, description="What was not looked at within this time is destroyed."
    )


class VaultSettings(_Section):
    """Held content."""

    store: str | None = Field(
        default=None, description="A folder, or s3://BUCKET/PREFIX; `vault` in the home by default."
    )
    store_options: dict[str, str] = Field(
        default_factory=dict, description="Options of the store, such as aws_endpoint and aws_region."
    )
    key_service: str = Field(
        default="file", description="`file`, an installed key service, or module:attribute."
    )
    key_file: Path | None = Field(
        default=None, description="The key file, outside the home; in the user's configuration by default."
    )
    key_options: dict[str, str] = Field(default_factory=dict, description="Options of the key service.")
    key_backup_days: float = Field(
        default=30.0, gt=0, le=365, description="A backup of the vault's keys is not restored when older."
    )
    journal: str | None = Field(
        default=None, description="Where destructions and holds are noted; beside the objects by default."
    )
    development_key: bool = Field(
        default=False, description="Allow a key file inside the home. `doctor` reports it."
    )
    cleared_days: float = Field(
        default=7.0, ge=0, description="Content that was held and cleared is destroyed after so many days."
    )


class FetchSettings(_Section):
    """Fetching by URL. With no hosts it is off."""

    hosts: tuple[str, ...] = Field(
        default=(), description="Hosts that may be fetched from; `.example.org` is everything below it."
    )
    allow_http: bool = Field(default=False, description="Allow plain http as well.")
    total_s: float = Field(default=20.0, gt=0, description="Time for one fetch, redirects included.")
    connect_s: float = Field(default=5.0, gt=0, description="Time for one connection.")
    max_redirects: int = Field(default=3, ge=0, le=10, description="Redirects that are followed.")


class WebhookSettings(_Section):
    """Webhooks."""

    allow_loopback_http: bool = Field(
        default=False, description="Allow http:// to this host's loopback address, for development."
    )
    allow_networks: tuple[str, ...] = Field(
        default=(), description="Networks of your own that webhooks may go to beside public addresses."
    )
    timeout_s: float = Field(default=10.0, gt=0, description="Time for one try.")
    proxy: str | None = Field(default=None, description="URL of a proxy for webhooks; none by default.")


class LimitSettings(_Section):
    """Limits of a key that has none of its own; over all processes of one host together."""

    requests_per_s: float | None = Field(default=1000.0, gt=0, description="Requests a second.")
    burst_requests: float = Field(default=2000.0, ge=1, description="Requests at once, after a pause.")
    concurrent_requests: int | None = Field(default=128, ge=1, description="Requests under way at once.")
    bytes_per_minute: float | None = Field(default=60e9, gt=0, description="Bytes of uploads a minute.")
    hash_lookups_per_minute: float | None = Field(
        default=60_000.0, gt=0, description="Ready hashes looked up a minute."
    )
    failed_sign_ins_per_minute: float = Field(
        default=30.0, gt=0, description="Requests without a valid key, by address, before 429."
    )


class ConsoleSettings(_Section):
    """The console, where people work."""

    enabled: bool = Field(default=True, description="Offer it at all.")
    origin: str | None = Field(
        default=None,
        pattern=r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?$",
        description="Where browsers find it, such as https://holdfast.example.org; else loopback only.",
    )
    session_hours: float = Field(default=12.0, gt=0, le=168, description="A session ends after so long.")
    idle_minutes: float = Field(
        default=30.0, gt=0, le=1440, description="A session ends after so long without a request."
    )
    link_minutes: float = Field(default=30.0, gt=0, le=1440, description="How long a one-time link is valid.")
    public_forms: bool = Field(
        default=False, description="Offer /notice and /appeal, forms without a sign-in, to everybody."
    )
    banner: str = Field(
        default="", max_length=200, description="A line above every page: that this is a test, say."
    )


class OidcSettings(_Section):
    """Sign-in by your identity provider (OpenID Connect). Off without an issuer."""

    issuer: str | None = Field(
        default=None, pattern=r"^https?://", description="Its address, as it stands in its tokens."
    )
    client_id: str = Field(default="", description="What it calls Holdfast.")
    client_secret_file: Path | None = Field(
        default=None, description="A file with the client's secret, readable by its owner only."
    )
    label: str = Field(default="", max_length=60, description="Its name on the sign-in page.")
    scopes: tuple[str, ...] = Field(default=("openid", "email", "profile"), description="What is asked for.")
    roles_claim: str | None = Field(
        default=None, description="The claim that lists groups or roles; else roles are given in the console."
    )
    roles: dict[str, tuple[PersonRole, ...]] = Field(
        default_factory=dict, description="Value of that claim -> roles. What is not named gives none."
    )
    timeout_s: float = Field(default=10.0, gt=0, description="Time for one request to it.")


class ReviewSettings(_Section):
    """People's work on cases. Times by priority run from 0, imminent danger, to 5."""

    lease_s: float = Field(default=300.0, ge=30, description="A case without a heartbeat is free after this.")
    clock_hours: tuple[float, float, float, float, float, float] = Field(
        default=(0.25, 4.0, 24.0, 72.0, 120.0, 168.0), description="Hours to decide a case, by priority."
    )
    alarm_every_s: float = Field(default=14400.0, gt=0, description="An overdue case raises its alarm again.")
    notice_hours: float = Field(default=24.0, gt=0, description="Hours to answer a notice.")
    appeal_hours: float = Field(default=72.0, gt=0, description="Hours to answer an appeal.")
    notices_per_hour: float = Field(default=20.0, gt=0, description="Notices of the public form, by address.")
    undo_s: float = Field(
        default=60.0, ge=0, description="A decision takes effect after this; until then undo."
    )
    close_by_rule: bool = Field(
        default=False, description="The very same file on a trusted list takes its label from the list."
    )
    second_review_share: float = Field(
        default=0.05, ge=0, le=1, description="Files that a second person labels."
    )
    single_approver: bool = Field(
        default=False, description="One person may clear a trusted match alone, after alone_after_s."
    )
    alone_after_s: float = Field(default=86400.0, ge=3600, description="The delay before they may.")
    approval_expires_s: float = Field(
        default=604800.0, gt=0, description="A question to a second person ends."
    )
    grant_s: float = Field(default=900.0, gt=0, le=3600, description="The longest that one reveal lasts.")
    training_required: bool = Field(default=True, description="Nobody sees media before they were trained.")
    floor_blur: int = Field(default=3, ge=0, le=6, description="Blur before a reveal that nobody goes below.")
    floor_greyscale: bool = Field(default=True, description="No colour before a reveal, for anybody.")
    floor_small: bool = Field(default=True, description="Small before a reveal, for everybody.")
    soft_files: int = Field(default=100, ge=1, description="Files unblurred a day and person: a warning.")
    hard_files: int = Field(default=300, ge=1, description="Files unblurred a day and person: no more.")
    soft_minutes: float = Field(default=60.0, gt=0, description="Minutes unblurred a day: a warning.")
    hard_minutes: float = Field(default=120.0, gt=0, description="Minutes unblurred a day: no more.")
    streak_minutes: float = Field(default=20.0, gt=0, description="Minutes unblurred, then a pause.")
    pause_minutes: float = Field(default=10.0, gt=0, description="How long that pause is.")

    def rules(self, cleared_days: float) -> ReviewRules:
        from holdfast.review.rules import ReviewRules

        return ReviewRules(**self.model_dump(), cleared_days=cleared_days)


class HmaSettings(_Section):
    """The HMA-compatible API."""

    enabled: bool = Field(default=True, description="Offer it at all.")
    path_keys: bool = Field(
        default=False, description="Allow a key in the path (/k/KEY/...), for clients that send no header."
    )
    test_mode: bool = Field(
        default=False, description="Offer /dev/factory_reset and the like. Refuses a home with real sources."
    )


class Settings(BaseSettings):
    """All settings of one home."""

    model_config = SettingsConfigDict(
        env_prefix="HOLDFAST_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    database_url: str | None = Field(
        default=None, description="postgresql://USER@HOST/NAME; by default an SQLite file in the home."
    )
    media: MediaSettings = Field(default_factory=MediaSettings)
    video: VideoSettings = Field(default_factory=VideoSettings)
    scan: ScanSettings = Field(default_factory=ScanSettings)
    server: ServerSettings = Field(default_factory=ServerSettings)
    rules: RuleSettings = Field(default_factory=RuleSettings)
    deep: DeepSettings = Field(default_factory=DeepSettings)
    vault: VaultSettings = Field(default_factory=VaultSettings)
    fetch: FetchSettings = Field(default_factory=FetchSettings)
    webhooks: WebhookSettings = Field(default_factory=WebhookSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    reporting: ReportingSettings = Field(default_factory=ReportingSettings)
    review: ReviewSettings = Field(default_factory=ReviewSettings)
    hma: HmaSettings = Field(default_factory=HmaSettings)
    console: ConsoleSettings = Field(default_factory=ConsoleSettings)
    oidc: OidcSettings = Field(default_factory=OidcSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings  # the file is given as init values: the environment wins over it


def load_settings(home: Path) -> Settings:
    """The settings of ``home``. Raises `SettingsError`, naming what is wrong."""
    path = home / "settings.toml"
    values: dict[str, Any] = {}
    if path.is_file():
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"{path} is not valid TOML: {error}. Nothing was started. Mend the file."
            ) from error
    try:
        return Settings(**values)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise SettingsError(
            f"Settings are wrong (from {path} or HOLDFAST_* variables): {problems}. "
            "Nothing was started. docs/settings.md lists every setting."
        ) from error
