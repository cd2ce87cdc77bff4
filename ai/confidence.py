"""How sure a draft is, and whether a person must decide whatever the number says. Pure.

The model's own probabilities are too sure of themselves. A calibration, fitted on mails that the model never learnt
(`ai/finetuning/calibrate.py`) and stored beside its adapter, turns them into probabilities that keep their word: a
logistic regression on the score (Platt 1999), or on more signs where that is better on unseen kinds of mail, or the
score as it is where no fit is.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from ai.written import Written
from db.desk import Desk
from db.drafts import Draft
from db.orders import talks_to_software

FILE = "calibration.json"
SURE_ENOUGH = 0.75  # below it the page says why
LEAST = 1e-6
TALKS_TO_US = "the mail addresses the system, not the club"
SIGNS: Mapping[str, Callable[[str], object]] = {
    TALKS_TO_US: talks_to_software,
    "somebody else may have used the account": re.compile(
        r"\bhacked|gehackt|broken into|someone else (has|is|was|must)|somebody else (has|is|was|must)|jemand anders|fremde[rn]? (zugriff|anmeldung|person)|wasn'?t me|war ich nicht|not made by me|did not (make|book)",
        re.IGNORECASE,
    ).search,
    "it makes a legal demand": re.compile(
        r"\blawyer|solicitor|attorney|legal action|rechtsanwalt|anwält|gdpr|dsgvo|article 1[57]|artikel 1[57]|art\. ?1[57]|fristsetzung|data protection act",
        re.IGNORECASE,
    ).search,
    "it asks for several bookings or a swap": re.compile(
        r"\bswap\b|\btrade (hours|slots|courts)|\btausch|\bevery (week|monday|tuesday|wednesday|thursday|friday|saturday|sunday)|\bjeden (montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)|\bweekly\b|wöchentlich|all season|ganze saison|"
        r"all (the )?courts|alle plätze|two courts|zwei plätze",
        re.IGNORECASE,
    ).search,
    "it asks for somebody else's account or booking": re.compile(
        r"\bmy (colleague|friend|neighbou?r|husband|wife|brother|sister|father|mother|boss|partner|team ?mate|player|student)('s|s'|\b.{0,40}\b(account|login|password|user))|"
        r"\bon behalf of|im (auftrag|namen) (von|meine)|\bmeine[rsnm]? (kolleg|freund|nachbar|mann|frau|bruder|schwester|vater|mutter|schüler)\w*.{0,40}(konto|zugang|passwort|benutzer|kennwort)|\bfor the (whole )?team",
        re.IGNORECASE,
    ).search,
}  # fmt: skip
FEATURES = ("score", "username", "no_username", "legal_mass", "length", "human")
OF_PEOPLE, OF_SIGN = 0.25, 2.0  # of the model's leaning to a person's category, and of a sign, beside the second reader


@dataclass(frozen=True)
class Evidence:
    """What is known of a draft's chance to be right. `signs` are the model's further numbers, as far as it gives them:

    `legal_mass` (see `ai.model.labels`), `human_words` (log-odds that a person must decide) and `second_reader`
    (probability of the chosen category), both by the reader in `ai.model.readers`.
    """

    categories: Mapping[str, float]
    category: str
    username: str
    username_probability: float
    words: str
    signs: Mapping[str, float]
    truncated: bool = False

    @classmethod
    def of(cls, written: Written, draft: Draft, words: str) -> "Evidence":
        return cls(
            written.categories, draft.category, draft.username, written.username_probability, words, written.signs,
            written.truncated,
        )  # fmt: skip


@dataclass(frozen=True)
class Logistic:
    """Logistic regression on FEATURES, each less its mean and divided by its scale."""

    means: Sequence[float]
    scales: Sequence[float]
    weights: Sequence[float]
    bias: float

    def __call__(self, features: Sequence[float]) -> float:
        parts = zip(features, self.means, self.scales, self.weights, strict=True)
        score = self.bias + sum((x - mean) / scale * weight for x, mean, scale, weight in parts)
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


@dataclass(frozen=True)
class Calibration:
    """Fitted for one version of a model on `rows` mails. `right`: category and user name are; `human`: a person must

    decide, from `threshold` on.
    """

    right: Logistic
    human: Logistic
    threshold: float
    rows: int
    mark: str = ""  # tells one calibration from the next, where it was read from a file


@dataclass(frozen=True)
class Judgement:
    """`confidence`: probability that category and user name are both right; None where the model stated none.

    `human_score`: how strongly the mail asks for a person, 0 to 1. `reasons` are sentences for the page.
    """

    confidence: float | None
    human_score: float
    needs_human: bool
    reasons: list[str]


def judged(evidence: Evidence, desk: Desk, calibration: Calibration | None = None) -> Judgement:
    """What to make of a draft. Without a calibration the model's own probabilities are taken as they are."""
    categories = evidence.categories
    chance = categories.get(evidence.category, 0.0)
    if not categories:
        calibration = None
    signs = signs_in(evidence.words)
    always = desk.category(evidence.category).needs_human
    if calibration is None:
        confidence = chance * evidence.username_probability
        human_score = 1.0 if signs else max(of_people(categories, desk), 1.0 - confidence)
        needs_human = always or bool(signs) or confidence < SURE_ENOUGH
    else:
        features = features_of(evidence, desk)
        confidence, human_score = calibration.right(features), calibration.human(features)
        needs_human = always or human_score >= calibration.threshold
    reasons = [
        *(["this kind of mail is always a person's"] if always else []),
        *signs,
        *(
            ["it reads like mails that a person decides"]
            if needs_human and not (always or signs) and calibration
            else []
        ),
        *(["its reply was too long and is cut short"] if evidence.truncated else []),
        *(doubts(evidence, categories) if confidence < SURE_ENOUGH else []),
    ]
    if not categories:
        return Judgement(None, human_score, needs_human, reasons)
    return Judgement(round(confidence, 4), round(human_score, 4), needs_human, reasons)


def doubts(evidence: Evidence, categories: Mapping[str, float]) -> list[str]:
    """In words, what speaks against the draft; there is always a sentence."""
    if not categories:
        return ["the server does not say how sure it is"]
    others = {name: share for name, share in categories.items() if name != evidence.category}
    rival = max(others, key=lambda name: others[name], default="")
    found = []
    if others.get(rival, 0.0) > 0.15:
        found.append(f"it could also be “{rival.replace('_', ' ')}” ({others[rival]:.0%})")
    if evidence.username and evidence.username_probability < 0.8:
        found.append("the user name is a guess")
    if not evidence.username and evidence.username_probability < 0.8:
        found.append("there may be a user name that was not found")
    if evidence.signs.get("second_reader", 1.0) < 0.2:
        found.append("a second reader takes it for something else")
    return found or ["the model is not sure"]


def features_of(evidence: Evidence, desk: Desk) -> list[float]:
    """In the order of FEATURES. `score`: log-odds of category and user name; `human`: log-odds for a person."""
    leaning, signs = logit(of_people(evidence.categories, desk)), signs_in(evidence.words)
    return [
        logit(evidence.categories.get(evidence.category, 0.0) * evidence.username_probability),
        math.log(max(evidence.username_probability, LEAST)),
        float(not evidence.username),
        math.log(max(evidence.signs.get("legal_mass", 1.0), LEAST)),
        math.log(1 + len(evidence.words)),
        evidence.signs.get("human_words", 0.0) + OF_PEOPLE * leaning + OF_SIGN * bool(signs),
    ]


def features_for_autopilot(evidence: Evidence, desk: Desk) -> list[float]:
    """FEATURES, then the margin between the best two categories and the entropy of all (nats)."""
    shares = sorted(evidence.categories.values(), reverse=True)
    margin = shares[0] - shares[1] if len(shares) > 1 else 1.0
    entropy = -sum(share * math.log(share) for share in shares if share > 0)
    return [round(float(one), 4) for one in (*features_of(evidence, desk), margin, entropy)]


def signs_in(words: str) -> list[str]:
    """Which of SIGNS the words give."""
    return [reason for reason, sign in SIGNS.items() if sign(words)]


def of_people(categories: Mapping[str, float], desk: Desk) -> float:
    """How much falls on categories that are always a person's."""
    return sum(share for name, share in categories.items() if desk.category(name).needs_human)


def logit(share: float) -> float:
    bounded = min(max(share, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))


def read_calibration(folder: str) -> Calibration | None:
    """The calibration beside an adapter; None where there is none."""
    path = Path(folder) / FILE
    return parsed(str(path), path.stat().st_mtime_ns) if folder and path.is_file() else None


@lru_cache(maxsize=8)
def parsed(path: str, changed: int) -> Calibration:
    content = Path(path).read_bytes()
    stored = json.loads(content)
    return Calibration(
        Logistic(**stored["right"]),
        Logistic(**stored["human"]),
        stored["threshold"],
        stored["rows"],
        hashlib.sha256(content).hexdigest()[:12],
    )


def write_calibration(folder: Path, calibration: Calibration, **more: object) -> None:
    """Beside the adapter, with `more` to read for people."""
    stated = {name: value for name, value in asdict(calibration).items() if name != "mark"}
    text = json.dumps({**stated, "features": FEATURES, **more}, indent=1)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")
