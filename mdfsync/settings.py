"""Settings from the environment and `.env`: the only place that a secret comes in by.

They say which world is meant (the embedded sandbox or live services) and refuse to guess between the two: with some
but not all of the live credentials, with `MDFSYNC_MODE=live`, or in a home that already serves a live base, nothing
falls back to the sandbox. A `.env` that others may read is refused. Read once at start, by `wiring`.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from mdfsync.errors import UsageError

LIVE_NEEDS = ("AIRTABLE_API_KEY", "AIRTABLE_BASE_ID", "HUBSPOT_ACCESS_TOKEN")
Mode = Literal["sandbox", "live"]


class Settings(BaseSettings):
    """Every setting, by its environment name."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", hide_input_in_errors=True, env_ignore_empty=True
    )

    airtable_api_key: SecretStr | None = Field(default=None, alias="AIRTABLE_API_KEY")
    airtable_base_id: str = Field(default="", alias="AIRTABLE_BASE_ID")
    airtable_api_url: str = Field(default="https://api.airtable.com", alias="AIRTABLE_API_URL")
    hubspot_access_token: SecretStr | None = Field(default=None, alias="HUBSPOT_ACCESS_TOKEN")
    hubspot_api_url: str = Field(default="https://api.hubapi.com", alias="HUBSPOT_API_URL")
    crossbeam_export_dir: Path | None = Field(default=None, alias="CROSSBEAM_EXPORT_DIR")
    crossbeam_api_url: str = Field(default="https://api.crossbeam.com", alias="CROSSBEAM_API_URL")
    crossbeam_client_id: str = Field(default="", alias="CROSSBEAM_CLIENT_ID")
    crossbeam_client_secret: SecretStr | None = Field(default=None, alias="CROSSBEAM_CLIENT_SECRET")
    crossbeam_refresh_token: SecretStr | None = Field(default=None, alias="CROSSBEAM_REFRESH_TOKEN")
    crossbeam_organization: str = Field(default="", alias="CROSSBEAM_ORGANIZATION")
    home: Path = Field(default=Path(".mdfsync"), alias="MDFSYNC_HOME")
    state_url: str = Field(default="", alias="MDFSYNC_STATE_URL")
    archive_url: str = Field(default="", alias="MDFSYNC_ARCHIVE_URL")
    policy: Path | None = Field(default=None, alias="MDFSYNC_POLICY")
    mode: Mode | None = Field(default=None, alias="MDFSYNC_MODE")
    requests_per_second: float = Field(default=4.8, gt=0, alias="MDFSYNC_REQUESTS_PER_SECOND")

    def missing(self) -> tuple[str, ...]:
        """Live credentials that are not set."""
        have = {
            "AIRTABLE_API_KEY": self.airtable_api_key,
            "AIRTABLE_BASE_ID": self.airtable_base_id,
            "HUBSPOT_ACCESS_TOKEN": self.hubspot_access_token,
        }
        return tuple(name for name in LIVE_NEEDS if not have[name])

    def home_of(self, mode: Mode) -> Path:
        """The folder of one mode: state, archive and inbox of sandbox and live never meet."""
        return self.home / mode

    def resolve_mode(self) -> Mode:
        """Which world is meant; `UsageError` names what is missing rather than guessing."""
        missing = self.missing()
        if self.mode == "sandbox":
            return "sandbox"
        if not missing:
            return "live"
        if len(missing) < len(LIVE_NEEDS):
            raise UsageError(f"set {' and '.join(missing)} too (environment or .env); some live credentials are there")
        if self.mode == "live":
            raise UsageError(f"MDFSYNC_MODE is live, but {', '.join(missing)} are not set")
        if (self.home_of("live") / "base").exists():
            raise UsageError(
                f"{self.home} serves a live base, but {', '.join(missing)} are not set; set them, or set "
                "MDFSYNC_MODE=sandbox to use the embedded world"
            )
        return "sandbox"


def load_settings(**overrides: Any) -> Settings:
    """Settings; `UsageError` with one line per fault, never the value itself."""
    _refuse_open_env(Path(".env"))
    try:
        return Settings(**overrides)
    except ValidationError as error:
        faults = [f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors(include_input=False)]
        raise UsageError("settings: " + "; ".join(faults)) from None


def _refuse_open_env(path: Path) -> None:
    if os.name != "posix" or not path.exists():
        return
    if stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(".env can be read by others on this machine; run `chmod 600 .env`")
