"""Settings of the model: which base, which adapter."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ModelSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="MODEL_", env_file=".env", extra="ignore", frozen=True)

    base: str = ""
    adapter: str = ""
    api_key: SecretStr = SecretStr("")
    threads: int = Field(default=0, ge=0, le=256)
