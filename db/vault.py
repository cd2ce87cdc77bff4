"""Secrets that must be stored are stored encrypted: passwords and tokens of mailboxes."""

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from db.settings import VAR, kept_secret


class LostKey(Exception):
    """What is stored was encrypted with another key than the one in `var/`."""


class Vault:
    """Encrypts with a key that lives in `var/vault.secret`, outside the database. After AES-128-CBC with HMAC (Fernet)."""

    def __init__(self, folder: Path = VAR) -> None:
        secret = kept_secret("vault", folder)
        self.box = Fernet(base64.urlsafe_b64encode(sha256(secret.encode()).digest()))

    def shut(self, value: Any) -> str:
        """Anything that JSON can hold, as text for the database."""
        return self.box.encrypt(json.dumps(value).encode()).decode("ascii")

    def open(self, stored: str) -> Any:
        """Raise LostKey."""
        try:
            return json.loads(self.box.decrypt(stored.encode("ascii")))
        except InvalidToken as error:
            raise LostKey(
                "var/vault.secret is not the key that this was stored with: state the secrets again."
            ) from error
