"""The drafting stage's model on other machines: several servers, the next where one fails, the local model where all do."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ai.drafting import Model, ModelDown
from ai.knowledge import Knowledge
from ai.logprobs import read_logprobs
from ai.parsing import UnusableOutput, closed, without_nothing
from ai.prompt import messages, prompt_hash
from ai.remote import ChatServer, Completion, RequestRefused, ServerDown
from ai.schema import BUDGET, schema_of_any
from ai.written import Decided, News, Question, Undrafted, Written
from db.desk import Desk

AT_ONCE = 8  # questions under way at one time


@dataclass
class RemoteModel:
    """Asks `servers` in their order; `local` steps in while none of them answers, and says so in what it writes."""

    desk: Desk
    servers: Sequence[ChatServer]
    knowledge: Knowledge
    local: Model | None = None
    words: str = field(default="", init=False)  # why the last draft came from elsewhere than the first server

    def draft(self, asked: Sequence[Question]) -> Iterator[tuple[int, News]]:
        """As the port has it. Raise ModelDown where no server answers and there is no local model."""
        left = dict(enumerate(asked))
        problem = ""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            under_way = {pool.submit(self.answer, question): place for place, question in left.items()}
            for done in as_completed(under_way):
                place = under_way[done]
                try:
                    news = done.result()
                except ServerDown as error:
                    problem = str(error)
                    continue
                del left[place]
                if isinstance(news, Written):
                    yield place, Decided(news.categories, category_in(news.text), news.seconds)
                yield place, news
        self.words = problem
        if left:
            yield from self.locally(left, problem)

    def locally(self, left: dict[int, Question], problem: str) -> Iterator[tuple[int, News]]:
        if self.local is None:
            raise ModelDown(problem)
        places = list(left)
        for place, news in self.local.draft([left[place] for place in places]):
            if isinstance(news, Written):
                news.made_by["instead_of"] = problem
            yield places[place], news

    def answer(self, question: Question) -> Written | Undrafted:
        """One draft from the first server that gives one. Raise ServerDown where none does."""
        problem = ServerDown("All servers failed a moment ago and are left alone for a while.")
        for server in self.servers:
            if server.resting:
                continue
            try:
                return self.asked(server, question)
            except ServerDown as error:
                problem = error
            except (RequestRefused, UnusableOutput) as error:
                return Undrafted(str(error))
        raise problem

    def asked(self, server: ChatServer, question: Question) -> Written:
        """As the local engine does it: the category without passages; where it reads some, the reply with them."""
        started = time.monotonic()
        passages = []
        completion = self.completed(server, question, question.category, [])
        categories, username, mass = self.chances(completion)
        chosen = category_in(completion.text)
        if chosen in self.desk.category_names and self.desk.category(chosen).knowledge:
            known = question.passages
            passages = self.knowledge.find(question.mail.words) if known is None else list(known)
        if passages:
            completion = self.completed(server, question, chosen, [passage.text for passage in passages])
            _, username, _ = self.chances(completion)
        text = without_nothing(closed(completion.text) if completion.cut else completion.text)
        return Written(
            text=text,
            categories=categories,
            username_probability=username,
            passages=passages,
            truncated=completion.cut,
            prompt_tokens=completion.prompt_tokens,
            written_tokens=completion.written_tokens,
            passes=completion.written_tokens,
            seconds=time.monotonic() - started,
            signs={"legal_mass": mass},
            made_by={
                "base": server.model(),
                "adapter": server.model(),
                "server": urlsplit(server.url).netloc,
                "prompt": prompt_hash(self.desk),
                "probabilities": "of the server" if categories else "none",
            },
        )

    def completed(self, server: ChatServer, question: Question, category: str, passages: Sequence[str]) -> Completion:
        schema: dict[str, Any] = schema_of_any(self.desk)
        if category:
            schema["properties"]["category"] = {"type": "string", "enum": [category]}
        asked = messages(self.desk, question.mail, passages)
        return server.complete(asked, schema, longest=BUDGET, logprobs=True)

    def chances(self, completion: Completion) -> tuple[dict[str, float], float, float]:
        read = read_logprobs(completion.text, completion.logprobs, self.desk.category_names)
        return (read.categories, read.username_probability, read.legal_mass) if read else ({}, 0.0, 0.0)

    def ping(self) -> str:
        """The name of the first server's model that answers. Raise ModelDown."""
        problem = "MODEL_URL names no server."
        for server in self.servers:
            try:
                return f"{server.ping()} at {urlsplit(server.url).netloc}"
            except (ServerDown, RequestRefused) as error:
                problem = str(error)
        raise ModelDown(problem)


def category_in(text: str) -> str:
    """The category of a draft, "" where it is none; nothing is believed yet."""
    _, _, rest = text.partition('"category"')
    return rest.split('"')[1] if rest.count('"') > 1 else ""
