"""Settings of the pages."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class DashboardSettings(BaseSettings):
    """DASHBOARD_SECRET, the first admin, and the identity provider."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    dashboard_secret: SecretStr = SecretStr("")
    admin_email: str = ""
    admin_password: SecretStr = SecretStr("")
    oidc_issuer: str = Field(default="", pattern=r"^(|https?://.+)$")
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_label: str = "your organisation"
    oidc_new_role: Literal["", "viewer", "agent", "lead", "admin"] = ""  # of people whom nobody has added; "": none
