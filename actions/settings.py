"""Settings of the actions: where the club's API is."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ActionsSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ACTIONS_", env_file=".env", extra="ignore", frozen=True)

    url: str = ""
    token: SecretStr = SecretStr("")
    timeout: float = 20
