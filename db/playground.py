"""The model tried by hand, in plain values: nothing of it is stored, and no ticket is touched."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from db.knowledge import Hit


@dataclass(frozen=True)
class Play:
    """`version`: of the model, "" is the one that serves; `temperature` 0 takes the likeliest token each time."""

    body: str
    subject: str = ""
    from_name: str = ""
    version: str = ""
    temperature: float = 0.0
    seed: int = 0
    with_passages: bool = True


@dataclass(frozen=True)
class Played:
    """`tokens` with their probability; `confidence` as it would stand on a ticket; `seconds` of the whole draft."""

    prompt: str
    text: str
    tokens: Sequence[tuple[str, float]]
    passages: Sequence[Hit]
    categories: Sequence[tuple[str, float]]
    confidence: float | None
    needs_human: bool
    reasons: Sequence[str]
    model: str
    seconds: float
    prompt_tokens: int
    written_tokens: int
    passes: int
    problem: str = ""
    details: dict[str, str] = field(default_factory=dict)
