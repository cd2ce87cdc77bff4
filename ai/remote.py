"""A model behind an OpenAI-compatible server: chat completions whose form the server is asked to keep."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from ai.prompt import Message

TRIES = 3
PAUSE = 1.0  # seconds before the second try; longer before each further one
REFUSES = (400, 413, 415, 422)  # how servers say that they do not know a field of the request, or that it is too long


class ServerDown(Exception):
    """The server does not answer, or not with a completion; the message says what to check."""


class RequestRefused(Exception):
    """The server is up and will not answer this one request, for instance because the mail is too long for it."""


@dataclass
class ChatServer:
    """One model of one server. What the server turned out not to understand is remembered and not asked again."""

    url: str
    name: str
    key: str = ""
    timeout: float = 300.0
    forms: list[str] = field(default_factory=lambda: ["json_schema", "json_object", "text"], init=False)

    def __post_init__(self) -> None:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        self.client = httpx.Client(base_url=self.url.rstrip("/") + "/", headers=headers, timeout=self.timeout)

    def complete(
        self, messages: Sequence[Message], schema: dict[str, Any], *, temperature: float, seed: int, longest: int
    ) -> str:
        """The text of one answer of at most `longest` tokens. Raise ServerDown or RequestRefused."""
        asked = {
            "model": self.name,
            "messages": list(messages),
            "temperature": temperature,
            "seed": seed,
            "max_tokens": longest,
        }
        for tried, form in enumerate(self.forms):
            answer = self.post({**asked, **form_of(form, schema)})
            if answer.status_code == 200:
                self.forms = self.forms[tried:]  # what it refused before, it would refuse again
                break
            if answer.status_code not in REFUSES:
                break
        if answer.status_code in REFUSES:
            raise RequestRefused(f"the server refuses the request with {answer.status_code}")
        if answer.status_code != 200:
            raise ServerDown(f"{self.url} answers {answer.status_code}: {answer.text[:200]}")
        try:
            return str(answer.json()["choices"][0]["message"]["content"])
        except (ValueError, LookupError, TypeError) as error:
            raise ServerDown(f"{self.url} answers with something that is no chat completion.") from error

    def post(self, body: dict[str, Any]) -> httpx.Response:
        for left in reversed(range(TRIES)):
            try:
                answer = self.client.post("chat/completions", json=body)
                if not left or (answer.status_code < 500 and answer.status_code != 429):
                    return answer
            except httpx.TransportError as error:
                if not left:
                    raise ServerDown(f"{self.url} cannot be reached: {error}. Is the server running?") from error
            time.sleep(PAUSE * (TRIES - left))
        raise AssertionError("the last try returns or raises")


def form_of(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """How a request asks for JSON of that schema: OpenAI's way, the older one of llama.cpp's Python server, not at all."""
    if name == "json_schema":
        return {"response_format": {"type": name, "json_schema": {"name": "draft", "schema": schema}}}
    return {"response_format": {"type": name, "schema": schema}} if name == "json_object" else {}
