"""Settings of the pages."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class DashboardSettings(BaseSettings):
    """DASHBOARD_SECRET, and the first admin."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    dashboard_secret: SecretStr = SecretStr("")
    admin_email: str = ""
    admin_password: SecretStr = SecretStr("")
