"""In which language a mail is written, told offline (py3langid, after Lui and Baldwin 2012): one that the desk answers, or another.

A mail in another language is a person's: the model has not learnt it, and would answer all the same.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel import Locale
from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier

from db.desk import Desk

SHORTEST = 20  # letters; less says too little
SURE = 0.9  # probability of the other language; of 2,000 mails of the desk none reaches 0.7
UNLIKELY = 0.01  # probability of each of the desk's own at most


@dataclass(frozen=True)
class Heard:
    """`code` (ISO 639-1) is one of the desk's languages, or the other one that `is_foreign` tells."""

    code: str
    is_foreign: bool = False

    @property
    def reason(self) -> str:
        """Why a person must look; "" where the desk answers this language."""
        return f"it is written in {self.name}, which the model has not learnt" if self.is_foreign else ""

    @property
    def name(self) -> str:
        return str(Locale("en").languages.get(self.code, self.code))


def heard(text: str, desk: Desk) -> Heard:
    """The desk's first language where the text is too short to say."""
    if sum(letter.isalpha() for letter in text) < SHORTEST:
        return Heard(desk.languages[0])
    ranked = dict(identifier().rank(text.lower() if text.isupper() else text))
    best = max(ranked, key=lambda code: ranked[code])
    own = max(desk.languages, key=lambda code: ranked.get(code, 0.0))
    if best not in desk.languages and ranked[best] >= SURE and ranked.get(own, 0.0) <= UNLIKELY:
        return Heard(best, is_foreign=True)
    return Heard(own)


def answered(text: str, desk: Desk) -> str:
    """Its language, where the desk answers it; "" of any other."""
    found = heard(text, desk)
    return "" if found.is_foreign else found.code


@cache
def identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(Path(MODEL_DIR) / MODEL_FILE, norm_probs=True)
