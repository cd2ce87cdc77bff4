"""What goes to a model and what comes back, in plain values: the same for the engine here and for a server elsewhere."""

from dataclasses import dataclass, field
from typing import Any

from ai.knowledge import Passage
from ai.prompt import MailText


@dataclass(frozen=True)
class Question:
    """One mail to answer. `category` forces what a person has chosen; `adapter` is the folder of the version to use, ""

    is the base model alone. `passages`: what the desk knows about it, for a category that is answered from knowledge; None
    where the model is to look into the desk's folder itself. `said`: what the mail newly says, where that is known, to look
    passages up by.
    """

    mail: MailText
    category: str = ""
    adapter: str = ""
    passages: tuple[Passage, ...] | None = None
    said: str = ""
    stream: bool = False  # news of the reply while it is written, too
    explain: bool = False  # prompt and probabilities of all tokens are wanted
    temperature: float = 0.0  # above 0: by chance, by this seed
    seed: int = 0


@dataclass(frozen=True)
class Decided:
    """What is known before the reply is written; `seconds` since the mail was taken up."""

    categories: dict[str, float]
    chosen: str
    seconds: float


@dataclass(frozen=True)
class Growing:
    """The reply as far as it is written, for a question that asked for it."""

    reply: str


@dataclass(frozen=True)
class Written:
    """What a model wrote, before anybody believes it, and how sure it was.

    `categories` holds a probability for each category that it was asked about, `username_probability` that of the user
    name's tokens, both among what the grammar allows. `signs` are further numbers for the confidence, see
    `ai.confidence`. `truncated`: the reply ran out of tokens and was closed.
    """

    text: str
    categories: dict[str, float]
    username_probability: float
    passages: list[Passage] = field(default_factory=list)
    truncated: bool = False
    prompt_tokens: int = 0
    written_tokens: int = 0
    passes: int = 0
    seconds: float = 0.0
    signs: dict[str, float] = field(default_factory=dict)
    prompt: str = ""  # where it was asked for; so are `tokens`, each with its probability among what the grammar allows
    tokens: list[tuple[str, float]] = field(default_factory=list)
    made_by: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Undrafted:
    """Why there is no draft of this mail; trying again may help."""

    problem: str


News = Decided | Growing | Written | Undrafted
Underway = Decided | Growing  # more is to come
