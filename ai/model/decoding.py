"""Mails become drafts: system prompt cached, categories read first, then JSON under a grammar, several mails at a time."""

import json
import math
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import torch

from ai.knowledge import Knowledge, Passage
from ai.model.cache import Rows, joined
from ai.model.grammar import Grammar, NoGrammar
from ai.model.labels import tree_of
from ai.model.loading import Loaded
from ai.model.prompts import Prompts
from ai.model.readers import SecondReader, together
from ai.model.runner import runner_for
from ai.model.speculation import Phrasebook, copied
from ai.model.user_names import likeliest
from ai.model.writing import Choice, DecodingFailed, Page, Sampling
from ai.parsing import category_head, reply_so_far
from ai.prompt import MailText
from ai.schema import BUDGET
from ai.written import Decided, Growing, News, Question, Undrafted, Written
from db.desk import Desk

TOGETHER = 8  # mails in one batch
GUESSES = 16  # tokens guessed for one mail
AT_ONCE = 64  # tokens that one pass reads in about the time of one, all mails together


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
        self.prompts = Prompts(self.runner, self.tokenizer, desk)
        self.phrases = Phrasebook() if phrases is None else phrases
        self.grammar = Grammar(desk, self.tokenizer, self.runner.vocabulary)

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
        ids = self.prompts.ids(asked.mail)
        memory, decision = self.prompts.read(ids)
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
        row.page.force(self.prompts.labels[chosen])
        read = self.prompts.keep_label(memory, len(ids), chosen)
        if self.desk.category(chosen).knowledge:
            row.passages = self.knowledge.find(asked.mail.words) if asked.passages is None else list(asked.passages)
        if row.passages:
            row.ids = self.prompts.ids(asked.mail, [passage.text for passage in row.passages])
            self.prompts.reread(memory, ids, row.ids)
            read = 0
            row.passes += 1
        row.page.pending = self.prompts.labels[chosen][read:]
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
        row.names = self.prompts.read_tree(memory, row.next, page.pending, tree).probabilities, own
        chances = together(*row.names, reader)
        name = page.choice.name(chances)
        path = tree.paths[name]
        written = [tree.tokens[node] for node in path]
        page.force(written)
        page.certainty[-len(written)] = math.log(max(chances[name], 1e-12))
        self.prompts.forget_but(memory, before + read, path)
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
            tokens = self.prompts.cut_tokens(head, ',"details":{')
            rest = tokens[len(done) :]
            if rest and tokens[: len(done)] == done and row.page.matcher.validate_tokens(rest) == len(rest):
                found[name] = rest
        return found

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
