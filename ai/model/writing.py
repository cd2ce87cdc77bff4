"""One draft in the making: what the grammar allows next, what is guessed, and what the model makes of the guesses."""

import math
from dataclasses import dataclass, field
from typing import Any

import llguidance.numpy
import numpy as np
import torch

from ai.parsing import UnusableOutput, closed

REPLY_OPENS = '"reply":"'


class DecodingFailed(Exception):
    """The grammar or the model ended in a state that no draft can come from."""


@dataclass(frozen=True)
class Sampling:
    """Chance for several answers to one mail; without it a draft is greedy."""

    temperature: float
    seed: int


class Choice:
    """The likeliest, or by chance with probabilities sharpened or flattened by the temperature."""

    def __init__(self, sampling: Sampling | None) -> None:
        self.temperature = sampling.temperature if sampling else 0.0
        self.chance = torch.Generator().manual_seed(sampling.seed) if sampling else None

    def token(self, scores: torch.Tensor) -> int:
        """A place in logits [V]."""
        if not self.temperature:
            return int(scores.argmax())
        return int(torch.multinomial(torch.softmax(scores / self.temperature, 0), 1, generator=self.chance))

    def name(self, probabilities: dict[str, float]) -> str:
        scores = torch.tensor([math.log(max(p, 1e-30)) for p in probabilities.values()])
        return list(probabilities)[self.token(scores)]


@dataclass
class Page:
    """The answer as far as it is written. `tokens` and `certainty` (log-probabilities under the grammar) go together.

    `pending`: tokens written that the model has not read yet, never none; `guesses`: tokens to read after them.
    """

    matcher: Any
    tokenizer: Any
    choice: Choice
    tokens: list[int] = field(default_factory=list)
    certainty: list[float] = field(default_factory=list)
    pending: list[int] = field(default_factory=list)
    guesses: list[int] = field(default_factory=list)
    in_reply: bool = False
    explains: bool = False  # every token's probability is wanted

    @property
    def done(self) -> bool:
        return bool(self.matcher.is_stopped())

    def force(self, tokens: list[int]) -> None:
        """Write what is certain without asking the model. Raise DecodingFailed."""
        if not self.matcher.consume_tokens(tokens):
            raise DecodingFailed(f"The grammar refused its own token: {self.matcher.get_error()}")
        self.tokens += tokens
        self.certainty += [0.0] * len(tokens)
        if not self.in_reply:
            self.in_reply = REPLY_OPENS in self.tokenizer.decode(self.tokens[-12:])

    def take(self, scores: torch.Tensor) -> int:
        """Choose the next token by logits [V], and write it."""
        best = self.choice.token(scores) if not self.choice.temperature else -1
        if self.in_reply and not self.explains and best >= 0 and self.matcher.validate_tokens([best]) == 1:
            certainty = 0.0  # of the reply's words nobody asks for it, and a mask of the whole vocabulary takes time
        else:
            legal = scores.masked_fill(~self.allowed(len(scores)), -torch.inf)
            best = self.choice.token(legal)
            certainty = float(legal[best] - torch.logsumexp(legal, 0))
        self.force([best])
        self.certainty[-1] = certainty
        return best

    def allowed(self, vocabulary: int) -> torch.Tensor:
        mask = llguidance.numpy.allocate_token_bitmask(1, vocabulary)
        llguidance.numpy.fill_next_token_bitmask(self.matcher, mask, 0)
        return torch.from_numpy(np.unpackbits(mask.view(np.uint8), bitorder="little")[:vocabulary].astype(bool))

    def forced(self) -> list[int]:
        """Tokens that the grammar leaves no choice about; they need no model."""
        found = list(self.matcher.compute_ff_tokens())
        return found if not self.done else []

    def go_on(self) -> None:
        """Write what the grammar leaves no choice about, to be read with what is pending."""
        while not self.done and (forced := self.forced()):
            self.force(forced)
            self.pending += forced

    def read(self, scores: torch.Tensor) -> int:
        """Go on from logits [1 + guesses, V]: after the last pending token, and after each guess.

        Returns how many guesses were right; they are written now. What follows them is pending.
        """
        right = 0
        while not self.done:
            forced = self.forced()
            written = forced[:1] or [self.take(scores[right])]
            if forced:
                self.force(written)
            if right < len(self.guesses) and self.guesses[right] == written[0]:
                right += 1
                continue
            self.pending = written
            self.go_on()
            break
        self.guesses = []
        return right

    def guess(self, tokens: list[int]) -> None:
        """Have these read after the pending ones, as far as the grammar allows them."""
        self.guesses = tokens[: self.matcher.validate_tokens(tokens)] if tokens else []

    def text(self) -> tuple[str, bool]:
        """The JSON, and whether it had to be closed because the budget ran out. Raise DecodingFailed."""
        text = self.tokenizer.decode(self.tokens, skip_special_tokens=True)
        if self.done:
            return text, False
        try:
            return closed(text), True
        except UnusableOutput as problem:
            raise DecodingFailed(str(problem)) from problem

    def username_probability(self) -> float:
        """Joint probability of the tokens that spell the user name, its closing quote included."""
        text = self.tokenizer.decode(self.tokens)
        start = text.find('"username":"') + len('"username":"')
        end = text.find('","details":', start - 1) + 1
        return math.exp(sum(self.certainty_between(start, end))) if end else 0.0

    def certainty_between(self, start: int, end: int) -> list[float]:
        """Of the tokens that spell those characters."""
        ends: list[int] = []
        while len(ends) < len(self.tokens) and (not ends or ends[-1] < end):
            ends.append(len(self.tokenizer.decode(self.tokens[: len(ends) + 1])))
        places = zip(self.certainty, ends, [0, *ends], strict=False)
        return [sure for sure, stop, begin in places if stop > start and begin < end]
