"""A model behind an OpenAI-compatible server: one request shape for vLLM, SGLang, llama.cpp, Ollama and OpenAI."""

import copy
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from ai.prompt import Message

TRIES = 3
PAUSE = 0.5  # seconds before the second try, doubled before each further one, and up to as much again by chance
CONNECT, ANSWER = 3.0, 60.0  # seconds
REFUSES = (400, 413, 415, 422)  # how servers say that they do not know a field of the request, or that it is too long
BUSY = (408, 429, 500, 502, 503, 504)
ABOUT_THE_REQUEST = ("validation error", "response_format", "logprob")  # llama.cpp's Python server refuses with a 500
FORMS = ("json_schema", "json_schema_of_all_keys", "json_object", "text")
BREAK_AFTER = 3  # failures in a row after which a server is left alone
REST = 15.0  # seconds, doubled each time, at most
LONGEST_REST = 300.0


class ServerDown(Exception):
    """The server does not answer, or not with a completion; the message says what to check."""


class RequestRefused(Exception):
    """The server is up and will not answer this one request, for instance because the mail is too long for it."""


@dataclass(frozen=True)
class Completion:
    """`logprobs`: as the server states them, or None. `cut`: it ran out of tokens."""

    text: str
    logprobs: Any = None
    cut: bool = False
    prompt_tokens: int = 0
    written_tokens: int = 0


@dataclass
class ChatServer:
    """One model of one server. What the server turned out not to understand is remembered and not asked again."""

    url: str
    name: str = ""
    key: str = ""
    timeout: float = ANSWER
    transport: httpx.BaseTransport | None = None
    forms: list[str] = field(default_factory=lambda: list(FORMS), init=False)
    logprobs: bool = field(default=True, init=False)
    length: str = field(default="max_tokens", init=False)
    failures: int = field(default=0, init=False)
    rests_until: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        self.url = self.url.strip().rstrip("/")
        if not self.url.endswith("/v1"):
            self.url += "/v1"
        timeout = httpx.Timeout(self.timeout, connect=CONNECT)
        self.client = httpx.Client(base_url=self.url + "/", headers=headers, timeout=timeout, transport=self.transport)

    def close(self) -> None:
        self.client.close()

    @property
    def resting(self) -> bool:
        """Whether it failed so often that it is not asked for a while."""
        return time.monotonic() < self.rests_until

    def model(self) -> str:
        """The model's name: as configured, or the first that the server lists. Raise ServerDown."""
        return self.name or self.ping()

    def ping(self) -> str:
        """The model's name, from a server that answers. Raise ServerDown or RequestRefused."""
        listed = self.checked(self.sent("GET", "models"))
        try:
            self.name = self.name or str(listed.json()["data"][0]["id"])
        except (ValueError, LookupError, TypeError) as error:
            raise ServerDown(f"{self.url} lists no model: set MODEL_NAME.") from error
        return self.name

    def complete(
        self,
        messages: Sequence[Message],
        schema: dict[str, Any],
        *,
        longest: int,
        temperature: float = 0.0,
        seed: int = 7,
        logprobs: bool = False,
    ) -> Completion:
        """One answer of at most `longest` tokens. Raise ServerDown or RequestRefused."""
        asked = {
            "model": self.model(), "messages": list(messages), "temperature": temperature, "seed": seed, "stream": False,
        }  # fmt: skip
        while True:
            form = self.forms[0]
            body = {**asked, self.length: longest, **form_of(form, schema)}
            if logprobs and self.logprobs:
                body |= {"logprobs": True, "top_logprobs": 20}
            answer = self.sent("POST", "chat/completions", body)
            if answer.status_code == 200 or not self.learnt_from(answer, body, form):
                break
        return completion_in(self.checked(answer), self.url)

    def learnt_from(self, answer: httpx.Response, body: dict[str, Any], form: str) -> bool:
        """Leave out what the server does not understand. False where there is nothing left to leave out.

        Of several requests under way that are refused for one reason, the first one learns; the others ask again.
        """
        words = answer.text.casefold()
        if not is_refusal(answer):
            return False
        if "logprob" in words and "logprobs" in body:
            self.logprobs = False
        elif "max_completion_tokens" in words and "max_tokens" in body:
            self.length = "max_completion_tokens"
        elif form != FORMS[-1] and not too_long(words):
            self.forms = self.forms[self.forms.index(form) + 1 :] if form in self.forms else self.forms
        else:
            return False
        return True

    def checked(self, answer: httpx.Response) -> httpx.Response:
        if is_refusal(answer):
            raise RequestRefused(f"the server refuses the request with {answer.status_code}: {answer.text[:200]}")
        if answer.status_code != 200:
            raise self.failed(f"{self.url} answers {answer.status_code}: {answer.text[:200]}")
        self.failures = 0
        return answer

    def sent(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """Tried a few times where trying again may help."""
        for tried in range(TRIES):
            last = tried == TRIES - 1
            try:
                answer = self.client.request(method, path, json=body)
                if last or answer.status_code not in BUSY or is_refusal(answer):
                    return answer
            except httpx.TransportError as error:
                if last:
                    reason = str(error) or type(error).__name__
                    raise self.failed(f"{self.url} cannot be reached: {reason}. Is the server running?") from error
            time.sleep(PAUSE * 2**tried * (1 + random.random()))
        raise AssertionError("the last try returns or raises")

    def failed(self, words: str) -> ServerDown:
        """Count it; after some failures in a row the server rests, longer each time."""
        self.failures += 1
        if self.failures >= BREAK_AFTER:
            self.rests_until = time.monotonic() + min(LONGEST_REST, REST * 2 ** (self.failures - BREAK_AFTER))
        return ServerDown(words)


def is_refusal(answer: httpx.Response) -> bool:
    """Whether asking the same thing again would be answered the same."""
    words = answer.text.casefold() if answer.status_code == 500 else ""
    return answer.status_code in REFUSES or any(word in words for word in ABOUT_THE_REQUEST)


def completion_in(answer: httpx.Response, url: str) -> Completion:
    """Raise ServerDown where it is none, RequestRefused where the model declines."""
    try:
        stated = answer.json()
        choice = stated["choices"][0]
        message, usage = choice["message"], stated.get("usage") or {}
        if message.get("refusal"):
            raise RequestRefused(f"the model declines to answer: {message['refusal']}")
        return Completion(
            str(message["content"]),
            (choice.get("logprobs") or {}).get("content"),
            choice.get("finish_reason") == "length",
            int(usage.get("prompt_tokens") or 0),
            int(usage.get("completion_tokens") or 0),
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ServerDown(f"{url} answers with something that is no chat completion.") from error


def too_long(words: str) -> bool:
    return "context length" in words or "context window" in words or "too long" in words or "context size" in words


def form_of(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """How a request asks for JSON of that schema: as OpenAI has it; the same with every key stated, which OpenAI's strict

    mode wants; the older way of llama.cpp's Python server; not at all.
    """
    if name == "json_schema":
        wire = on_the_wire(schema)
        return {"response_format": {"type": name, "json_schema": {"name": "draft", "strict": True, "schema": wire}}}
    if name == "json_schema_of_all_keys":
        wire = with_all_keys(on_the_wire(schema))
        stated = {"name": "draft", "strict": True, "schema": wire}
        return {"response_format": {"type": "json_schema", "json_schema": stated}}
    return {"response_format": {"type": name, "schema": on_the_wire(schema)}} if name == "json_object" else {}


def on_the_wire(schema: dict[str, Any]) -> dict[str, Any]:
    """Without limits of length: some servers refuse them, some break on them."""
    made = {key: value for key, value in schema.items() if key not in ("minLength", "maxLength")}
    if "properties" in made:
        made["properties"] = {key: on_the_wire(value) for key, value in made["properties"].items()}
    return made


def with_all_keys(schema: dict[str, Any]) -> dict[str, Any]:
    """Every key required, those that were not may be null."""
    made = copy.deepcopy(schema)
    required = made.get("required", [])
    for key, value in made.get("properties", {}).items():
        if value.get("type") == "object":
            made["properties"][key] = with_all_keys(value)
        elif key not in required:
            made["properties"][key] = {**value, "type": [value["type"], "null"]}
    if "properties" in made:
        made["required"] = list(made["properties"])
    return made
