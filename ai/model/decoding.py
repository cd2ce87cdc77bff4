"""The decode loop: system prompt cached, categories scored, then JSON token by token under a grammar."""

import copy
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import llguidance.numpy
import numpy as np
import torch
from transformers.cache_utils import DynamicCache

from ai.knowledge import Knowledge, Passage
from ai.model.grammar import Grammar, NoGrammar
from ai.model.loading import Loaded
from ai.parsing import category_head
from ai.prompt import MailText, messages, token_ids
from db.desk import Desk

BUDGET = 400  # tokens of one draft
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class DecodingFailed(Exception):
    """The grammar or the model ended in a state that no draft can come from."""


@dataclass(frozen=True)
class Sampling:
    """Chance for several answers to one mail; without it a draft is greedy."""

    temperature: float
    seed: int


@dataclass
class Written:
    """What the model wrote, and how sure it was. Probabilities are after the grammar's mask."""

    text: str
    categories: dict[str, float]
    username_probability: float
    passages: list[Passage] = field(default_factory=list)
    truncated: bool = False
    prompt_tokens: int = 0
    written_tokens: int = 0
    seconds: float = 0.0


class Decoder:
    """Owns one model; not thread-safe. Unless sampled, a draft is greedy: the same mail gives the same draft."""

    def __init__(self, loaded: Loaded, desk: Desk, knowledge: Knowledge) -> None:
        self.model, self.tokenizer = loaded.model, loaded.tokenizer
        self.desk, self.knowledge = desk, knowledge
        self.vocabulary = int(self.model.config.vocab_size)
        self.grammar = Grammar(desk, self.tokenizer, self.vocabulary)
        self.labels = [self.label_tokens(name) for name in desk.category_names]
        self.prefix_ids, self.prefix = self.shared_prefix()

    @torch.inference_mode()
    def draft(self, mail: MailText, category: str = "", sampling: Sampling | None = None) -> Written:
        """Write the draft of one mail; `category` forces what a person has chosen. Raise DecodingFailed."""
        choose = Choice(sampling)
        started = time.monotonic()
        ids = token_ids(messages(self.desk, mail, tokenizer=self.tokenizer), self.tokenizer)
        cache, logits = self.read(ids)
        categories = self.score_categories(cache, logits)
        chosen = category or choose.name(categories)
        passages: list[Passage] = []
        if self.desk.category(chosen).knowledge:
            passages = self.knowledge.find(mail.words)
            told = messages(self.desk, mail, [passage.text for passage in passages], self.tokenizer)
            ids = token_ids(told, self.tokenizer)
            cache, logits = self.read(ids)
        written = self.write(mail, chosen, cache, logits, choose)
        written.categories, written.passages = categories, passages
        written.prompt_tokens, written.seconds = len(ids), time.monotonic() - started
        return written

    def shared_prefix(self) -> tuple[list[int], DynamicCache]:
        """Keys and values of what every prompt begins with, computed once."""
        samples = [
            token_ids(messages(self.desk, MailText(name, "", LONG_AGO, name, name)), self.tokenizer)
            for name in ("a", "Zebra")
        ]
        same = shared(*samples)
        cache = DynamicCache(config=self.model.config)
        if same:
            self.forward(samples[0][:same], cache)
        return samples[0][:same], cache

    def read(self, ids: Sequence[int]) -> tuple[DynamicCache, torch.Tensor]:
        """The cache after the prompt, and the logits [V] of the first token to write."""
        cache = copy.deepcopy(self.prefix)
        same = shared(ids, self.prefix_ids)  # a mail's first letters may melt into the last token before them
        if same < len(self.prefix_ids):
            cache.crop(same - len(self.prefix_ids))  # a negative number of tokens is dropped from the end
        return cache, self.forward(ids[same:], cache)[-1]

    @torch.inference_mode()
    def forward(self, ids: Sequence[int], cache: DynamicCache) -> torch.Tensor:
        """Append ids to the cache; logits [T, V] in fp32."""
        past = cache.get_seq_length()
        positions = torch.arange(past, past + len(ids))[None]
        tokens = torch.tensor([list(ids)])
        return self.logits(tokens, positions, cache)[0]

    def logits(self, tokens: torch.Tensor, positions: torch.Tensor, cache: DynamicCache) -> torch.Tensor:
        """[B, T, V] in fp32, on the CPU whatever device the model is on; the grammar is there."""
        device = self.model.device
        out = self.model(
            input_ids=tokens.to(device), past_key_values=cache, position_ids=positions.to(device), use_cache=True
        )
        return out.logits.float().cpu()

    def label_tokens(self, name: str) -> list[int]:
        """Tokens of the answer's beginning up to the one that closes the category, as generation would cut them."""
        head = category_head(name)
        cut = self.tokenizer(head + ',"username":"', add_special_tokens=False, return_offsets_mapping=True)
        return [i for i, (start, _) in zip(cut["input_ids"], cut["offset_mapping"], strict=True) if start < len(head)]

    def score_categories(self, cache: DynamicCache, logits: torch.Tensor) -> dict[str, float]:
        """Probability of each category, normalised along the trie of labels, in one batched forward.

        Summed log-probabilities would favour short labels; here each step is a choice among the labels still open.
        """
        longest = max(map(len, self.labels))
        batch = torch.zeros((len(self.labels), longest), dtype=torch.long)
        for i, label in enumerate(self.labels):
            batch[i, : len(label)] = torch.tensor(label)
        copied = copy.deepcopy(cache)
        copied.batch_repeat_interleave(len(self.labels))
        past = cache.get_seq_length()
        positions = torch.arange(past, past + longest).expand(len(self.labels), -1)
        out = self.logits(batch, positions, copied)
        steps = torch.cat([logits.expand(len(self.labels), 1, -1), out], dim=1)
        scores = {}
        for i, (name, label) in enumerate(zip(self.desk.category_names, self.labels, strict=True)):
            score = 0.0
            for t, token in enumerate(label):
                open_tokens = sorted({other[t] for other in self.labels if other[:t] == label[:t] and len(other) > t})
                score += float(steps[i, t, token] - torch.logsumexp(steps[i, t, open_tokens], 0))
            scores[name] = math.exp(score)
        return scores

    def write(
        self, mail: MailText, category: str, cache: DynamicCache, logits: torch.Tensor, choose: "Choice"
    ) -> Written:
        try:
            matcher = self.grammar.matcher(mail, category)
        except NoGrammar as problem:
            raise DecodingFailed(str(problem)) from problem
        mask = llguidance.numpy.allocate_token_bitmask(1, self.vocabulary)
        tokens: list[int] = []
        certainty: list[float] = []
        while not matcher.is_stopped() and len(tokens) < BUDGET:
            forced = matcher.compute_ff_tokens()
            if not forced:
                llguidance.numpy.fill_next_token_bitmask(matcher, mask, 0)
                allowed = np.unpackbits(mask.view(np.uint8), bitorder="little")[: self.vocabulary].astype(bool)
                legal = logits.masked_fill(~torch.from_numpy(allowed), -torch.inf)
                best = choose.token(legal)
                certainty.append(float(legal[best] - torch.logsumexp(legal, 0)))
                forced = [best]
            else:
                certainty += [0.0] * len(forced)
            if not matcher.consume_tokens(forced):
                raise DecodingFailed(f"The grammar refused its own token: {matcher.get_error()}")
            tokens += forced
            if not matcher.is_stopped():
                logits = self.forward(forced, cache)[-1]
        text = self.tokenizer.decode(tokens, skip_special_tokens=True)
        truncated = not matcher.is_stopped()
        if truncated:
            text = closed(text)
        return Written(
            text, {}, self.username_certainty(tokens, certainty), truncated=truncated, written_tokens=len(tokens)
        )

    def username_certainty(self, tokens: list[int], certainty: list[float]) -> float:
        """Joint probability of the tokens that spell the user name, its closing quote included."""
        text = self.tokenizer.decode(tokens)
        start = text.find('"username":"') + len('"username":"')
        end = text.find('","details":', start - 1) + 1
        if not end:
            return 0.0
        ends: list[int] = []
        while len(ends) < len(tokens) and (not ends or ends[-1] < end):
            ends.append(len(self.tokenizer.decode(tokens[: len(ends) + 1])))
        inside = [c for c, e, s in zip(certainty, ends, [0, *ends], strict=False) if e > start and s < end]
        return math.exp(sum(inside))


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


def shared(ids: Sequence[int], others: Sequence[int]) -> int:
    """How many tokens both begin with."""
    return next((i for i, (a, b) in enumerate(zip(ids, others, strict=False)) if a != b), min(len(ids), len(others)))


def closed(text: str) -> str:
    """A reply that ran out of budget, closed so that it parses. Raise DecodingFailed where it is no reply yet."""
    for end in range(len(text), max(0, len(text) - 8), -1):  # a half-written escape is dropped
        try:
            json.loads(text[:end] + '"}')
        except json.JSONDecodeError:
            continue
        return text[:end] + '"}'
    raise DecodingFailed("The draft ran out of tokens before its reply.")
