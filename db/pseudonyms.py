"""Personal data in a training row becomes invented data of the same form, the same for the same person each time.

What is replaced is what the row itself shows to be personal: the sender, user name, name, mail addresses, phone numbers and
the address that the answer names, whoever is greeted and whoever signed, wherever they stand. Which invention is taken follows from an HMAC of the value.
"""

import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

FIRST = (
    "Ada", "Amir", "Bela", "Carla", "Dario", "Edda", "Emil", "Fenja", "Gero", "Hanna", "Ilse", "Iven", "Jale", "Jonas",
    "Karla", "Levin", "Maja", "Milan", "Nele", "Oskar", "Paula", "Quentin", "Rasmus", "Romy", "Selma", "Timo", "Ulla", "Vera",
    "Wanda", "Xaver", "Yara", "Zoe",
)  # fmt: skip
LAST = (
    "Adler", "Birk", "Castell", "Dorn", "Ebert", "Falk", "Gauss", "Holm", "Ibsen", "Jasper", "Kern", "Lund", "Marten", "Nolte",
    "Ohlsen", "Pohl", "Quast", "Rieger", "Sander", "Thorn", "Ullrich", "Voss", "Wolff", "Yilmaz", "Zander", "Brandt", "Hansen", "Keller",
    "Lorenz", "Moser", "Petri", "Seidel",
)  # fmt: skip
HIDDEN = "…"  # where a form of a name is met that nobody foresaw: left out rather than let through
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
PHONE = re.compile(r"(?<![\w@.-])\+?\d[\d /()-]{6,}\d(?![\w-])")
GREETING = re.compile(
    r"(?:Hello|Hi|Dear|Hallo|Liebe[rs]?|Guten Tag|Servus|Moin)[ <]+(?:Mr\.? |Mrs\.? |Ms\.? |Herr |Frau )?([^\W\d_][\w'-]+(?: [^\W\d_][\w'-]+)?)"
)
SIGNED = re.compile(r"[^\W\d_a-z][\w'-]+(?: [^\W\d_a-z][\w'-]+){0,2}")
DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]?(?:\d{2,4})?|\d{1,2}[:.]\d\d")


@dataclass(frozen=True)
class Pseudonyms:
    """`secret`: without it nobody can try which name became which."""

    secret: str

    def replaced(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row with every such value replaced, in mail, answer and passages alike."""
        table = self.table(row)
        if not table:
            return row
        by_length = sorted(table, key=len, reverse=True)
        pattern = re.compile("|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in by_length), re.IGNORECASE)
        folded = {fold(one): made for one, made in table.items()}
        return dict(walked(row, lambda text: pattern.sub(lambda found: folded.get(fold(found[0]), HIDDEN), text)))

    def table(self, row: dict[str, Any]) -> dict[str, str]:
        """Each value that is replaced, and by what."""
        mail, answer = row["mail"], row.get("answer") or {}
        details = answer.get("details", {})
        made: dict[str, str] = {}
        greeted = GREETING.search(answer.get("reply", ""))
        written = [line.strip() for line in str(mail.get("body", "")).split("\n") if line.strip()]
        signed = written[-1] if written and SIGNED.fullmatch(written[-1]) else ""
        for name in (greeted[1] if greeted else "", signed, mail.get("from_name", ""), details.get("full_name", "")):
            made |= self.person(name)
        words = json.dumps([mail.get("subject"), mail.get("body"), mail.get("from_email"), answer], ensure_ascii=False)
        for address in ADDRESS.findall(words):
            made[address] = self.address(address)
        for number in PHONE.findall(words):
            if not DATE.fullmatch(number.strip()):
                made[number] = self.digits(number)
        if answer.get("username"):
            made[answer["username"]] = self.username(answer["username"])
        if details.get("address"):
            made[details["address"]] = (
                f"{self.one_of(LAST, details['address'])}weg {self.number(details['address'], 90) + 1}"
            )
        return {value: put for value, put in made.items() if len(value) > 1}

    def person(self, name: str) -> dict[str, str]:
        """First and last name, apart and together."""
        words = [one for one in re.split(r"[\s,]+", name) if len(one) > 1 and one[:1].isalpha() and "@" not in one]
        if not words:
            return {}
        made = {words[0]: self.one_of(FIRST, words[0])}
        made |= {word: self.one_of(LAST, word) for word in words[1:]}
        return made

    def address(self, value: str) -> str:
        return f"{self.one_of(FIRST, value)}.{self.one_of(LAST, value)}{self.number(value, 100)}@mail.example".lower()

    def username(self, value: str) -> str:
        """Of the same form: letters stay letters, digits digits; an address becomes an address."""
        return self.address(value) if "@" in value else self.shaped(value)

    def digits(self, value: str) -> str:
        """Other digits, after the first three: what country it is may stay."""
        return value[:3] + self.shaped(value[3:], only_digits=True)

    def shaped(self, value: str, *, only_digits: bool = False) -> str:
        drawn = hmac.digest(self.secret.encode(), f"shape {value.casefold()}".encode(), sha256)
        out = ""
        for place, letter in enumerate(value):
            byte = drawn[place % len(drawn)]
            if letter.isdigit():
                out += str(byte % 10)
            elif letter.isalpha() and not only_digits:
                made = "abcdefghiklmnoprstuvwz"[byte % 22]
                out += made.upper() if letter.isupper() else made
            else:
                out += letter
        return out

    def one_of(self, names: tuple[str, ...], value: str) -> str:
        return names[self.number(value, len(names))]

    def number(self, value: str, below: int) -> int:
        drawn = hmac.digest(self.secret.encode(), value.casefold().encode(), sha256)
        return int.from_bytes(drawn[:8], "big") % below


def fold(value: str) -> str:
    """As the pattern compares: without case, and every i of Turkish the same."""
    return value.casefold().replace("\u0307", "").replace("ı", "i")


def walked(value: Any, change: Callable[[str], str]) -> Any:
    """Every text in it changed; keys, category and tags stay."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [walked(one, change) for one in value]
    if isinstance(value, dict):
        fixed = ("id", "family", "category", "tags", "date")
        return {key: one if key in fixed else walked(one, change) for key, one in value.items()}
    return value
