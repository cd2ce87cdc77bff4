"""Problems as programs get them (RFC 9457), and which of them a route says that it may answer with."""

from typing import Any

from pydantic import BaseModel

MEDIA_TYPE = "application/problem+json"
WORDS = {
    400: "The body cannot be read.",
    401: "Nobody is signed in, and there is no valid key.",
    403: "Whoever asks may not do this.",
    404: "There is nothing of that number.",
    409: "It has changed meanwhile, or it is too late.",
    422: "What was sent cannot be used; the sentence says why.",
    429: "Too many requests of one key; Retry-After says when to come again.",
    503: "The database or the model does not answer now.",
}


class Problem(BaseModel):
    """`title` and `detail` are the same sentence, for people to read."""

    type: str
    title: str
    status: int
    detail: str


def as_json(status: int, words: str) -> dict[str, Any]:
    return Problem(type="about:blank", title=words, status=status, detail=words).model_dump()


def may_answer(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """As `responses` of a route."""
    content = {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    return {status: {"description": WORDS[status], "content": content} for status in statuses}
