"""Settings of the actions: where the club's API is."""

from pydantic import SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class ActionsSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ACTIONS_", env_file=".env", extra="ignore", frozen=True)

    url: str = ""
    token: SecretStr = SecretStr("")
    timeout: float = 20
    web: str = ""  # of ep3-bs: the address of its pages, for the links in replies

    @property
    def is_ep3bs(self) -> bool:
        return self.url.startswith(("mysql://", "mysql+", "mariadb://"))

    @model_validator(mode="after")
    def has_pages(self) -> "ActionsSettings":
        if self.is_ep3bs and not self.web.startswith(("http://", "https://")):
            raise ValueError(
                "ACTIONS_URL names an ep3-bs database: set ACTIONS_WEB to the address of its pages, https://…"
            )
        return self
