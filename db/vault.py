"""Secrets that must be stored are stored encrypted: passwords and tokens of mailboxes, second factors, keys of webhooks."""

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from db.settings import VAR, kept_secret


class LostKey(Exception):
    """What is stored was encrypted with another key than the one in `var/`."""


class Vault:
    """Encrypts with the first key of `var/vault.secret`, outside the database; opens with any of them, one a line.

    AES-128-CBC with HMAC (Fernet). `db.rotate` changes the keys; a running process reads them anew when one is missing.
    """

    def __init__(self, folder: Path = VAR) -> None:
        self.folder = folder
        self.keys = self.read()

    def read(self) -> list[str]:
        found = kept_secret("vault", self.folder).split()
        self.box = MultiFernet([box_of(one) for one in found])
        return found

    def shut(self, value: Any) -> str:
        """Anything that JSON can hold, as text for the database."""
        return self.box.encrypt(json.dumps(value).encode()).decode("ascii")

    def open(self, stored: str) -> Any:
        """Raise LostKey."""
        try:
            return json.loads(self.box.decrypt(stored.encode("ascii")))
        except InvalidToken as error:
            before = self.keys
            self.keys = self.read()
            if self.keys != before:
                return self.open(stored)
            raise LostKey(
                "var/vault.secret is not the key that this was stored with: state the secrets again."
            ) from error


def box_of(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(sha256(key.encode()).digest()))


def opens(key: str, stored: str) -> bool:
    """Whether this very key does."""
    try:
        box_of(key).decrypt(stored.encode("ascii"))
    except InvalidToken:
        return False
    return True
