"""Settings of the mail: the first mailbox to read, the server to send through."""

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
    auth: Literal["password", "xoauth2"] = "password"
    oauth_client_id: str = ""
    oauth_client_secret: SecretStr = SecretStr("")
    oauth_token_url: str = ""
    oauth_auth_url: str = ""
    oauth_scope: str = ""
    afterwards: str = Field(default="", pattern=r"^(|seen|move:.+)$")  # on the server, once a mail is safe here
    ca_file: str = ""
    idle_seconds: int = Field(default=240, ge=1, le=1500)
    largest: int = Field(default=36_000_000, ge=10_000)
    largest_attachment: int = Field(default=26_000_000, ge=1)
    most_attachments: int = Field(default=100, ge=0)
    authserv_id: str = ""  # whose Authentication-Results are believed; "microsoft365" for those without a name
    dns: str = ""  # address:port of the DNS server to ask for DKIM keys; "": the machine's own; "none": do not ask
    group_senders: str = ""  # addresses and @domains whose systems drop the thread's headers, with commas between

    @property
    def name(self) -> str:
        """Of the mailbox, for people and as the key of its state."""
        return f"{self.user}@{self.host}/{self.folder}"

    @property
    def folders(self) -> list["MailSettings"]:
        """One for each folder that is named, with commas between."""
        names = [name.strip() for name in self.folder.split(",") if name.strip()]
        return [self.model_copy(update={"folder": name}) for name in names]


class SmtpSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SMTP_", env_file=".env", extra="ignore", frozen=True)

    host: str = ""
    port: int = Field(default=465, ge=1, le=65535)
    user: str = ""
    password: SecretStr = SecretStr("")
    security: Literal["tls", "starttls", "none"] = "tls"
    sender: str = Field(default="", validation_alias="SMTP_FROM")
    ca_file: str = ""
    auth: Literal["password", "xoauth2"] = "password"  # xoauth2: with the tokens of the first mailbox
    quote: bool = False  # the customer's mail below our reply
    plus_address: bool = False  # replies come to office+token@…, for senders whose systems drop the thread's headers
