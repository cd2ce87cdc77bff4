"""Settings of the mail: one mailbox to read, one server to send through."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class MailSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="MAIL_", env_file=".env", extra="ignore", frozen=True)

    host: str = ""
    port: int = Field(default=993, ge=1, le=65535)
    user: str = ""
    password: SecretStr = SecretStr("")
    security: Literal["tls", "starttls", "none"] = "tls"
    folder: str = "INBOX"
    auth: Literal["password"] = "password"
    ca_file: str = ""
    idle_seconds: int = Field(default=240, ge=1, le=1500)
    largest: int = Field(default=36_000_000, ge=10_000)
    largest_attachment: int = Field(default=26_000_000, ge=1)
    most_attachments: int = Field(default=100, ge=0)
    authserv_id: str = ""


class SmtpSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SMTP_", env_file=".env", extra="ignore", frozen=True)

    host: str = ""
    port: int = Field(default=465, ge=1, le=65535)
    user: str = ""
    password: SecretStr = SecretStr("")
    security: Literal["tls", "starttls", "none"] = "tls"
    sender: str = Field(default="", validation_alias="SMTP_FROM")
    ca_file: str = ""
