"""Settings of the model: which base and adapter here, or which servers elsewhere."""

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class ModelSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="MODEL_", env_file=".env", extra="ignore", frozen=True)

    base: str = ""
    adapter: str = ""
    url: str = ""
    name: str = ""
    ranker: str = ""
    api_key: SecretStr = SecretStr("")
    threads: int = Field(default=0, ge=0, le=256)

    @field_validator("url")
    @classmethod
    def are_addresses(cls, value: str) -> str:
        for one in value.split(","):
            if one.strip() and not one.strip().startswith(("http://", "https://")):
                raise ValueError("addresses of servers, with commas between, each beginning with http:// or https://")
        return value

    @property
    def urls(self) -> list[str]:
        """The servers, the first to be asked first."""
        return [one.strip() for one in self.url.split(",") if one.strip()]
