"""Mails become drafts: system prompt cached, categories read first, then JSON under a grammar, several mails at a time."""

import json
import math
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, TypeVar

import torch

from ai.knowledge import Knowledge, Passage
from ai.model.cache import Rows, joined
from ai.model.grammar import Grammar, NoGrammar
from ai.model.labels import Decision, LabelTree, decide, tree_of
from ai.model.loading import Loaded
from ai.model.readers import SecondReader, together
from ai.model.runner import runner_for
from ai.model.speculation import Phrasebook, copied
from ai.model.user_names import likeliest
from ai.model.writing import Choice, DecodingFailed, Page, Sampling
from ai.parsing import category_head, reply_so_far
from ai.prompt import MailText, messages, token_ids
from ai.schema import BUDGET
from ai.written import Decided, Growing, News, Question, Undrafted, Written
from db.desk import Desk

TOGETHER = 8  # mails in one batch
GUESSES = 16  # tokens guessed for one mail
AT_ONCE = 64  # tokens that one pass reads in about the time of one, all mails together
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


Place = TypeVar("Place", bound=Hashable)


@dataclass
class Row(Generic[Place]):
    """One mail of a batch: its place among those asked, and all that is known of it."""

    place: Place
    asked: Question
    ids: list[int]
    started: float
    categories: dict[str, float]
    chosen: str
    page: Page
    signs: dict[str, float]
    next: int = 0  # position of the next token
    passages: list[Passage] = field(default_factory=list)
    passes: int = 1
    problem: str = ""
    names: tuple[dict[str, float], dict[str, float]] = ({}, {})  # as the model and as the second reader see them

    @property
    def finished(self) -> bool:
        return bool(self.problem) or self.page.done or len(self.page.tokens) >= BUDGET


class Decoder:
    """Owns one model; not thread-safe. Unless sampled, a draft is greedy: the same mail gives the same draft."""

    def __init__(
        self,
        loaded: Loaded,
        desk: Desk,
        knowledge: Knowledge,
        phrases: Phrasebook | None = None,
        second: SecondReader | None = None,
    ) -> None:
        self.second = second
        self.runner, self.tokenizer = runner_for(loaded.model), loaded.tokenizer
        self.desk, self.knowledge = desk, knowledge
        self.phrases = Phrasebook() if phrases is None else phrases
        self.grammar = Grammar(desk, self.tokenizer, self.runner.vocabulary)
        self.labels = {name: self.label_tokens(name) for name in desk.category_names}
        self.tree = tree_of(self.labels)
        self.prefix_ids, self.prefix = self.shared_prefix()

    def remember(self, category: str, answer: str) -> None:
        """Guess by this answer, its compact JSON, from now on."""
        self.phrases.add(category, self.tokenizer(answer, add_special_tokens=False)["input_ids"])

    def draft(self, mail: MailText, category: str = "", sampling: Sampling | None = None) -> Written:
        """The draft of one mail. Raise DecodingFailed."""
        for _, news in self.draft_many([Question(mail, category)], sampling):
            if isinstance(news, Undrafted):
                raise DecodingFailed(news.problem)
            if isinstance(news, Written):
                return news
        raise AssertionError("a mail ends in a draft or a failure")

    def draft_many(self, asked: Sequence[Question], sampling: Sampling | None = None) -> Iterator[tuple[int, News]]:
        """News of each mail, by its place: what was decided, as soon as it is, then its draft or why there is none."""
        waiting = deque(enumerate(asked))
        return self.run(lambda: waiting.popleft() if waiting else None, sampling)

    def run(
        self, take: Callable[[], tuple[Place, Question] | None], sampling: Sampling | None = None
    ) -> Iterator[tuple[Place, News]]:
        """Draft what `take` hands out, several at a time; ends when all is written and it has nothing more.

        A mail that comes while others are written joins them.
        """
        rows: list[Row[Place]] = []
        memory: Rows | None = None
        while True:
            opened: list[Rows] = []
            while len(rows) < TOGETHER and (taken := take()) is not None:
                place, asked = taken
                try:
                    row, own = self.open(place, asked, sampling)
                except DecodingFailed as problem:
                    yield place, Undrafted(str(problem))
                    continue
                yield place, Decided(row.categories, row.chosen, time.monotonic() - row.started)
                rows.append(row)
                opened.append(own)
            if opened:
                memory = joined([memory, *opened] if memory is not None else opened)
            if memory is None:
                return
            self.step(rows, memory)
            going = [i for i, row in enumerate(rows) if not row.finished]
            for row in (rows[i] for i in going if rows[i].asked.stream):
                reply = reply_so_far(self.tokenizer.decode(row.page.tokens))
                if reply:
                    yield row.place, Growing(reply)
            yield from ((row.place, self.result(row)) for row in rows if row.finished)
            if len(going) < len(rows):
                rows = [rows[i] for i in going]
                memory.keep(going)
            if not rows:
                memory = None

    @torch.inference_mode()
    def open(self, place: Place, asked: Question, sampling: Sampling | None) -> tuple[Row[Place], Rows]:
        """Read a mail and decide its category, in one pass; then all up to the user name. Raise DecodingFailed."""
        started = time.monotonic()
        own = Sampling(asked.temperature, asked.seed) if asked.temperature else sampling
        choice = Choice(own)
        ids = self.prompt(asked.mail)
        memory, decision = self.read(ids)
        categories, signs = decision.probabilities, {"legal_mass": decision.legal_mass}
        if self.second is not None:
            others, signs["human_words"] = self.second.read(asked.mail.words)
            categories = together(categories, others, self.second)
        chosen = asked.category or choice.name(categories)
        if self.second is not None:
            signs["second_reader"] = others.get(chosen, 0.0)
        try:
            matcher = self.grammar.matcher(asked.mail, chosen)
        except NoGrammar as problem:
            raise DecodingFailed(str(problem)) from problem
        row = Row(
            place,
            asked,
            ids,
            started,
            categories,
            chosen,
            Page(matcher, self.tokenizer, choice, explains=asked.explain),
            signs,
        )
        row.page.force(self.labels[chosen])
        read = self.keep_label(memory, len(ids), chosen)
        if self.desk.category(chosen).knowledge:
            row.passages = self.knowledge.find(asked.mail.words) if asked.passages is None else list(asked.passages)
        if row.passages:
            row.ids = self.prompt(asked.mail, [passage.text for passage in row.passages])
            self.reread(memory, ids, row.ids)
            read = 0
            row.passes += 1
        row.page.pending = self.labels[chosen][read:]
        row.page.go_on()
        row.next = len(row.ids) + read
        self.decide_name(row, memory)
        return row, memory

    def decide_name(self, row: Row[Place], memory: Rows) -> None:
        """Let the model and the second reader choose the user name together, among the words that the latter finds likely."""
        if self.second is None or self.second.names is None:
            return
        page, reader = row.page, self.second.names
        own = reader.read(row.asked.mail, row.chosen)
        tree = tree_of(self.name_tokens(row, likeliest(own)))
        if not tree.tokens:
            return
        read, before = len(page.pending), memory.used
        row.names = self.read_tree(memory, row.next, page.pending, tree).probabilities, own
        chances = together(*row.names, reader)
        name = page.choice.name(chances)
        path = tree.paths[name]
        written = [tree.tokens[node] for node in path]
        page.force(written)
        page.certainty[-len(written)] = math.log(max(chances[name], 1e-12))
        self.forget_but(memory, before + read, path)
        page.pending = written[-1:]
        page.go_on()
        row.next += read + len(written) - 1
        row.passes += 1

    def name_tokens(self, row: Row[Place], names: Sequence[str]) -> dict[str, list[int]]:
        """What would be written for each name, its closing quote included; without those that the grammar refuses."""
        found: dict[str, list[int]] = {}
        done = row.page.tokens
        for name in names:
            head = f'{category_head(row.chosen)},"username":{json.dumps(name, ensure_ascii=False)}'
            tokens = self.cut_tokens(head, ',"details":{')
            rest = tokens[len(done) :]
            if rest and tokens[: len(done)] == done and row.page.matcher.validate_tokens(rest) == len(rest):
                found[name] = rest
        return found

    def prompt(self, mail: MailText, passages: Sequence[str] = ()) -> list[int]:
        return token_ids(messages(self.desk, mail, passages, self.tokenizer), self.tokenizer)

    def shared_prefix(self) -> tuple[list[int], Rows]:
        """Keys and values of what every prompt begins with, computed once."""
        samples = [self.prompt(MailText(name, "", LONG_AGO, name, name)) for name in ("a", "Zebra")]
        same = shared(*samples)
        memory = self.runner.empty()
        if same:
            self.append(memory, samples[0][:same])
        return samples[0][:same], memory

    def append(self, memory: Rows, ids: Sequence[int]) -> torch.Tensor:
        """Read tokens one after the other; hidden states [T, E]."""
        places = torch.arange(memory.used, memory.used + len(ids))[None]
        own = torch.ones(1, len(ids), len(ids), dtype=torch.bool).tril()
        hidden = self.runner.forward(torch.tensor([list(ids)]), places, memory.view(own), memory)
        memory.note(places, torch.ones(1, len(ids), dtype=torch.bool))
        return hidden[0]

    def read(self, ids: Sequence[int]) -> tuple[Rows, Decision]:
        """The rest of a prompt and all labels behind it, in one pass: the cache with both, and the decision."""
        memory = self.prefix.copy()
        same = shared(ids, self.prefix_ids)  # a mail's first letters may melt into the last token before them
        memory.crop(same)
        return memory, self.read_tree(memory, same, ids[same:], self.tree)

    def read_tree(self, memory: Rows, start: int, tokens: Sequence[int], tree: LabelTree) -> Decision:
        """Read tokens from position `start` on and, in the same pass, a tree that hangs on the last: how likely each label is."""
        size = len(tokens)
        places = torch.cat([torch.arange(start, start + size), start + size + tree.depths()])[None]
        ids = torch.tensor([[*tokens, *tree.tokens]])
        hidden = self.runner.forward(ids, places, memory.view(tree.behind(size)), memory)
        memory.note(places, torch.ones_like(ids, dtype=torch.bool))
        scores = self.runner.logits(hidden[0, size - 1 :])
        return decide(tree, scores[0], scores[1:])

    def keep_label(self, memory: Rows, size: int, chosen: str) -> int:
        """Keep what was read of the chosen label, forget the others; how many of its tokens need no second reading."""
        path = self.tree.paths[chosen]
        self.forget_but(memory, size, path)
        return len(path) - 1

    def forget_but(self, memory: Rows, size: int, path: Sequence[int]) -> None:
        """Of a tree that hangs on the first `size` columns keep one path, without its last token: what comes next hangs on the

        logits behind that, so it is read again.
        """
        memory.real[:, size:] = False
        memory.real[:, [size + node for node in path[:-1]]] = True
        memory.tidy()

    def reread(self, memory: Rows, before: Sequence[int], now: Sequence[int]) -> None:
        """Go back to where two prompts part, and read the second from there."""
        same = shared(before, now)
        memory.crop(same)
        self.append(memory, now[same:])

    @torch.inference_mode()
    def step(self, rows: Sequence[Row[Place]], memory: Rows) -> None:
        """One pass: each row's pending tokens are read, and as many guesses as pay; then what they tell is written."""
        most = max(1, min(GUESSES, AT_ONCE // len(rows) - 1))
        for row in rows:
            row.page.guess(self.guesses(row, most))
        fed = [[*row.page.pending, *row.page.guesses] for row in rows]
        longest = max(map(len, fed))
        shape = len(rows), longest
        tokens, places, real = torch.zeros(shape).long(), torch.zeros(shape).long(), torch.zeros(shape).bool()
        for i, (row, some) in enumerate(zip(rows, fed, strict=True)):
            tokens[i, : len(some)] = torch.tensor(some)
            places[i, : len(some)] = torch.arange(row.next, row.next + len(some))
            real[i, : len(some)] = True
        own = torch.ones(longest, longest, dtype=torch.bool).tril() & real[:, None, :]
        hidden = self.runner.forward(tokens, places, memory.view(own), memory)
        told = [range(len(row.page.pending) - 1, len(some)) for row, some in zip(rows, fed, strict=True)]
        scores = self.runner.logits(torch.cat([hidden[i, list(where)] for i, where in enumerate(told)]))
        for i, (row, part) in enumerate(zip(rows, scores.split([len(where) for where in told]), strict=True)):
            read = len(row.page.pending)
            try:
                right = row.page.read(part)
            except DecodingFailed as problem:  # of this mail alone; the others go on
                row.problem, right = str(problem), 0
            real[i, read + right :] = False
            row.next += read + right
            row.passes += 1
        memory.note(places, real)
        memory.tidy()

    def guesses(self, row: Row[Place], most: int) -> list[int]:
        most = min(most, BUDGET - len(row.page.tokens))
        return self.phrases.guess(row.chosen, row.page.tokens, most) or copied(row.ids, row.page.tokens, most)

    def result(self, row: Row[Place]) -> Written | Undrafted:
        try:
            text, truncated = row.page.text()
        except DecodingFailed as problem:
            return Undrafted(row.problem or str(problem))
        if row.problem:
            return Undrafted(row.problem)
        return Written(
            text=text,
            categories=row.categories,
            username_probability=row.page.username_probability(),
            passages=row.passages,
            truncated=truncated,
            prompt_tokens=len(row.ids),
            written_tokens=len(row.page.tokens),
            passes=row.passes,
            seconds=time.monotonic() - row.started,
            signs=row.signs,
            prompt=self.tokenizer.decode(row.ids) if row.asked.explain else "",
            tokens=self.explained(row.page) if row.asked.explain else [],
        )

    def explained(self, page: Page) -> list[tuple[str, float]]:
        """Each token as it reads, and its probability."""
        pairs = zip(page.tokens, page.certainty, strict=True)
        return [(self.tokenizer.decode([token]), round(math.exp(certainty), 4)) for token, certainty in pairs]

    def label_tokens(self, name: str) -> list[int]:
        """Tokens of the answer's beginning up to the one that closes the category, as generation would cut them."""
        return self.cut_tokens(category_head(name), ',"username":"')

    def cut_tokens(self, head: str, rest: str) -> list[int]:
        """Tokens that spell `head` where `rest` follows it."""
        cut = self.tokenizer(head + rest, add_special_tokens=False, return_offsets_mapping=True)
        return [i for i, (start, _) in zip(cut["input_ids"], cut["offset_mapping"], strict=True) if start < len(head)]


def shared(ids: Sequence[int], others: Sequence[int]) -> int:
    """How many tokens both begin with."""
    return next((i for i, (a, b) in enumerate(zip(ids, others, strict=False)) if a != b), min(len(ids), len(others)))
