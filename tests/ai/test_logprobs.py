"""A server's log-probabilities become the same numbers that the local engine states."""

import math
from typing import Any

import pytest

from ai.logprobs import read_logprobs

LABELS = ["cancel_booking", "create_account", "create_booking", "other"]
TEXT = '{"category":"create_booking","username":"Jörg","details":{},"reply":"Hi"}'


def token(text: str | bytes, chance: float = 1.0, **others: float) -> dict[str, Any]:
    raw = text if isinstance(text, bytes) else text.encode()
    tops = [{"token": name, "bytes": list(name.encode()), "logprob": math.log(p)} for name, p in others.items()]
    own = {"token": raw.decode(errors="replace"), "bytes": list(raw), "logprob": math.log(chance)}
    return {**own, "top_logprobs": [own, *tops]}


def spelt(*head: dict[str, Any], rest: str | None = None) -> list[dict[str, Any]]:
    written = b"".join(bytes(one["bytes"]) for one in head).decode()
    return [*head, token(TEXT[len(written) :] if rest is None else rest)]


def test_the_share_of_a_category_is_taken_among_tokens_that_lead_to_labels() -> None:
    tokens = spelt(
        token('{"category":"'),
        token("create", 0.6, cancel=0.2, hello=0.1),
        token("_booking", 0.9, _account=0.1),
        token('"'),
    )

    read = read_logprobs(TEXT, tokens, LABELS)

    assert read is not None
    assert read.categories["create_booking"] == pytest.approx(0.75 * 0.9)
    assert read.categories["cancel_booking"] == pytest.approx(0.25)
    assert read.categories["create_account"] == pytest.approx(0.75 * 0.1)
    assert read.legal_mass == pytest.approx(0.8)
    assert sum(read.categories.values()) == pytest.approx(1)


def test_a_token_may_begin_before_the_value_and_end_after_it() -> None:
    tokens = spelt(token('{"category'), token('":"create', 0.5, **{'":"other': 0.5}), token('_booking",', 1.0))

    read = read_logprobs(TEXT, tokens, LABELS)

    assert read is not None
    assert read.categories == pytest.approx(
        {"create_booking": 0.5, "other": 0.5, "cancel_booking": 0, "create_account": 0}
    )


def test_the_user_name_is_read_even_where_a_letter_is_two_tokens() -> None:
    before = '{"category":"create_booking","username":"'
    parts = [
        token(before),
        token("J", 0.9),
        token(b"\xc3", 0.8),
        token(b"\xb6", 1.0),
        token("rg", 0.9),
        token('","', 1.0),
    ]

    read = read_logprobs(TEXT, spelt_bytes(parts), LABELS)

    assert read is not None
    assert read.username_probability == pytest.approx(0.9 * 0.8 * 0.9)


def spelt_bytes(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    done = len(b"".join(bytes(one["bytes"]) for one in parts))
    return [*parts, token(TEXT.encode()[done:])]


def test_bytes_may_be_missing() -> None:
    tokens = spelt(token('{"category":"'), token("create", 0.6, cancel=0.4))
    for one in tokens:
        del one["bytes"]
        for other in one["top_logprobs"]:
            other.pop("bytes", None)

    read = read_logprobs(TEXT, tokens, LABELS)

    assert read is not None
    assert read.categories["cancel_booking"] == pytest.approx(0.4)


@pytest.mark.parametrize(
    "stated", [None, [], [{"token": "x"}], "rubbish", [{"token": TEXT, "logprob": None}], spelt(rest="something else")]
)
def test_what_does_not_spell_the_answer_says_nothing(stated: Any) -> None:
    assert read_logprobs(TEXT, stated, LABELS) is None


def test_a_category_that_the_desk_does_not_have_says_nothing() -> None:
    text = TEXT.replace("create_booking", "approve")

    assert read_logprobs(text, [token(text)], LABELS) is None


def test_spaces_between_keys_do_not_matter() -> None:
    text = '{ "category": "other", "username": "", "details": {}, "reply": "Hi" }'
    tokens = [token('{ "category": "'), token("other", 0.8, cancel=0.2), token(text[len('{ "category": "other') :])]

    read = read_logprobs(text, tokens, LABELS)

    assert read is not None
    assert read.categories["other"] == pytest.approx(0.8)
    assert read.username_probability == pytest.approx(1)
