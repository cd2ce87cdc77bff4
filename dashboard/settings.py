"""Settings of the pages."""

import re
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class DashboardSettings(BaseSettings):
    """DASHBOARD_SECRET, the first admin, the identity provider, and the sites that may show the chat."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    dashboard_secret: SecretStr = SecretStr("")
    admin_email: str = ""
    admin_password: SecretStr = SecretStr("")
    chat_origins: str = ""
    oidc_issuer: str = Field(default="", pattern=r"^(|https?://.+)$")
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_label: str = "your organisation"
    oidc_new_role: Literal["", "viewer", "agent", "lead", "admin"] = ""  # of people whom nobody has added; "": none

    @field_validator("chat_origins")
    @classmethod
    def are_origins(cls, value: str) -> str:
        for one in value.split(","):
            if one.strip() and not re.fullmatch(r"https?://[A-Za-z0-9.*-]+(:\d+)?", one.strip()):
                raise ValueError("sites with commas between, each as https://www.club.example, without a path")
        return value

    @property
    def origins(self) -> tuple[str, ...]:
        return tuple(one.strip() for one in self.chat_origins.split(",") if one.strip())
