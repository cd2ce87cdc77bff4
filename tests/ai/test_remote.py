"""OpenAI-compatible servers as they are: each understands a little less, fails in its own way, and is remembered."""

import json
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from builders import RESET, mail_text, tennis
from fakes import FakeModel

from ai import remote
from ai.drafting import ModelDown
from ai.knowledge import Knowledge, load_knowledge
from ai.parsing import parse_draft, write_draft
from ai.remote import ChatServer, RequestRefused, ServerDown
from ai.servers import RemoteModel
from ai.written import News, Question, Undrafted, Written

DESK = tennis()
MAIL = mail_text("I forgot my password, I am anna42")
NOTHING = Knowledge([])
Answer = Callable[[dict[str, Any]], httpx.Response]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "PAUSE", 0.0)


def completion(text: str, **more: Any) -> httpx.Response:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop", "logprobs": None}
    return httpx.Response(200, json={"id": "x", "object": "chat.completion", "choices": [{**choice, **more}]})


def refused(words: str, status: int = 400) -> httpx.Response:
    return httpx.Response(status, json={"error": {"message": words}})


class Recorded:
    """A server that answers with a function of the request, and keeps what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer, self.asked = answer, list[dict[str, Any]]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/models"):
            return httpx.Response(200, json={"data": [{"id": "desk-v3"}]})
        self.asked.append(json.loads(request.content))
        return self.answer(self.asked[-1])


def server(answer: Answer, url: str = "http://one") -> tuple[ChatServer, Recorded]:
    recorded = Recorded(answer)
    return ChatServer(url, transport=httpx.MockTransport(recorded)), recorded


def only(news: list[tuple[int, News]]) -> Written | Undrafted:
    return next(one for _, one in news if isinstance(one, Written | Undrafted))


def drafted(one: ChatServer, knowledge: Knowledge = NOTHING) -> Written | Undrafted:
    return only(list(RemoteModel(DESK, [one], knowledge).draft([Question(MAIL)])))


def test_a_tolerant_server_is_asked_once_and_named() -> None:
    one, recorded = server(lambda asked: completion(write_draft(RESET)))

    written = drafted(one)

    assert isinstance(written, Written)
    assert parse_draft(written.text, DESK, MAIL).username == "anna42"
    assert (written.made_by["adapter"], written.made_by["server"]) == ("desk-v3", "one")
    assert (written.categories, written.made_by["probabilities"]) == ({}, "none")
    (asked,) = recorded.asked
    assert (asked["model"], asked["temperature"], asked["logprobs"], asked["top_logprobs"]) == (
        "desk-v3",
        0.0,
        True,
        20,
    )
    wire = json.dumps(asked["response_format"])
    assert "maxLength" not in wire
    assert asked["response_format"]["json_schema"]["strict"] is True


def test_what_a_server_does_not_understand_is_left_out_from_then_on() -> None:
    def picky(asked: dict[str, Any]) -> httpx.Response:
        if "logprobs" in asked:
            return refused("This model does not support logprobs")
        if "max_tokens" in asked:
            return refused("Unsupported parameter: use 'max_completion_tokens' instead")
        form = asked["response_format"]["json_schema"]["schema"]["properties"]["details"]
        if form.get("required") is None:
            return refused("Invalid schema: 'required' must include every key in properties")
        return completion(json.dumps({**RESET.as_json(), "details": dict.fromkeys(form["properties"])}))

    one, recorded = server(picky)

    written = drafted(one)
    asked = len(recorded.asked)
    drafted(one)

    assert isinstance(written, Written)
    assert json.loads(written.text)["details"] == {}
    assert (asked, len(recorded.asked)) == (4, 5)


def test_a_server_that_knows_no_schema_is_believed_no_more_than_any_other() -> None:
    def plain(asked: dict[str, Any]) -> httpx.Response:
        return refused("unknown field response_format", 422) if "response_format" in asked else completion("Sure! {")

    one, recorded = server(plain)

    written = drafted(one)

    assert isinstance(written, Written)
    assert written.text == "Sure! {"  # the stage's parser refuses it, as any model's output
    assert "response_format" not in recorded.asked[-1]


def test_log_probabilities_become_categories() -> None:
    text = write_draft(RESET)
    head, tail = '{"category":"', text[len('{"category":"reset_password') :]
    stated = [
        {"token": head, "logprob": 0.0, "bytes": None, "top_logprobs": []},
        {
            "token": "reset_password", "logprob": -0.105, "bytes": None,
            "top_logprobs": [{"token": "reset_password", "logprob": -0.105}, {"token": "other", "logprob": -2.303}],
        },
        {"token": tail, "logprob": 0.0, "bytes": None, "top_logprobs": []},
    ]  # fmt: skip
    one, _ = server(lambda asked: completion(text, logprobs={"content": stated}))

    written = drafted(one)

    assert isinstance(written, Written)
    assert written.categories["reset_password"] == pytest.approx(0.9, abs=0.01)
    assert written.made_by["probabilities"] == "of the server"


def test_an_inquiry_is_asked_again_with_passages() -> None:
    def by_schema(asked: dict[str, Any]) -> httpx.Response:
        told = "informed" if "Club facts" in asked["messages"][-1]["content"] else "no idea"
        return completion(json.dumps({"category": "general_inquiry", "username": "", "details": {}, "reply": told}))

    one, recorded = server(by_schema)
    knowledge = load_knowledge(DESK.folder / "knowledge")
    asked = Question(mail_text("How much does it cost to bring a guest, and do guests have to sign in?"))

    written = only(list(RemoteModel(DESK, [one], knowledge).draft([asked])))

    assert isinstance(written, Written)
    assert written.passages == knowledge.find(asked.mail.words)
    assert json.loads(written.text)["reply"] == "informed"
    second = recorded.asked[1]["response_format"]["json_schema"]["schema"]
    assert second["properties"]["category"]["enum"] == ["general_inquiry"]


def test_an_answer_that_ran_out_of_tokens_is_closed_and_marked() -> None:
    one, _ = server(lambda asked: completion(write_draft(RESET)[:-6], finish_reason="length"))

    written = drafted(one)

    assert isinstance(written, Written)
    assert written.truncated
    assert parse_draft(written.text, DESK, MAIL).category == "reset_password"


@pytest.mark.parametrize(
    "choice", [{"message": {"content": None, "refusal": "I will not."}}, {"message": {"content": "", "refusal": "no"}}]
)
def test_a_model_that_declines_is_a_reason_on_the_ticket(choice: dict[str, Any]) -> None:
    one, _ = server(lambda asked: completion("", **choice))

    found = drafted(one)

    assert isinstance(found, Undrafted)
    assert "declines" in found.problem


@pytest.mark.parametrize(
    "rubbish",
    [httpx.Response(200, text="<html>"), httpx.Response(200, json={"choices": []}), httpx.Response(200, json=[])],
)
def test_rubbish_is_a_server_that_is_down(rubbish: httpx.Response) -> None:
    one, _ = server(lambda asked: rubbish)

    with pytest.raises(ModelDown, match="no chat completion"):
        drafted(one)


def test_a_busy_server_is_asked_again() -> None:
    answers = [httpx.Response(503), httpx.Response(429), completion(write_draft(RESET))]
    one, recorded = server(lambda asked: answers[len(recorded.asked) - 1])

    assert isinstance(drafted(one), Written)


def test_a_mail_that_is_too_long_is_refused_and_the_server_stays_in_use() -> None:
    one, recorded = server(lambda asked: refused("This model's maximum context length is 4096 tokens"))

    assert isinstance(drafted(one), Undrafted)
    assert len(recorded.asked) == 1
    assert one.forms == list(remote.FORMS)
    with pytest.raises(RequestRefused):
        one.complete([], {}, longest=5)


def test_the_next_server_steps_in_and_the_first_rests_after_some_failures() -> None:
    first, at_first = server(lambda asked: httpx.Response(500))
    second, _ = server(lambda asked: completion(write_draft(RESET)), "http://two/v1")
    model = RemoteModel(DESK, [first, second], NOTHING)

    for _ in range(5):
        written = only(list(model.draft([Question(MAIL)])))
        assert isinstance(written, Written)
        assert written.made_by["server"] == "two"

    assert first.resting
    assert len(at_first.asked) == remote.BREAK_AFTER * remote.TRIES


def test_the_local_model_steps_in_where_no_server_answers_and_says_so() -> None:
    closed = ChatServer("http://127.0.0.1:9", "m")
    model = RemoteModel(DESK, [closed], NOTHING, FakeModel([RESET]))

    written = only(list(model.draft([Question(MAIL)])))

    assert isinstance(written, Written)
    assert written.made_by["base"] == "fake"
    assert "cannot be reached" in written.made_by["instead_of"]
    with pytest.raises(ModelDown, match="cannot be reached"):
        model.ping()


def test_many_mails_are_under_way_at_one_time() -> None:
    one, recorded = server(lambda asked: completion(write_draft(RESET)))

    found = list(RemoteModel(DESK, [one], NOTHING).draft([Question(MAIL)] * 20))

    assert sorted(place for place, news in found if isinstance(news, Written)) == list(range(20))
    assert len(recorded.asked) == 20


def test_many_refusals_at_one_time_teach_one_thing() -> None:
    together = threading.Barrier(4)

    def picky(asked: dict[str, Any]) -> httpx.Response:
        if "required" not in asked["response_format"]["json_schema"]["schema"]["properties"]["details"]:
            together.wait(10)
            return refused("Invalid schema: 'required' must include every key in properties")
        return completion(write_draft(RESET))

    one, _ = server(picky)

    found = list(RemoteModel(DESK, [one], NOTHING).draft([Question(MAIL)] * 4))

    assert sum(isinstance(news, Written) for _, news in found) == 4
    assert one.forms[0] == "json_schema_of_all_keys"


def test_a_key_is_sent_and_a_wrong_one_is_said() -> None:
    def locked(request: httpx.Request) -> httpx.Response:
        right = request.headers.get("authorization") == "Bearer sesame"
        return httpx.Response(200, json={"data": [{"id": "m"}]}) if right else httpx.Response(401, text="bad key")

    assert ChatServer("http://one", key="sesame", transport=httpx.MockTransport(locked)).model() == "m"
    with pytest.raises(ServerDown, match="401"):
        ChatServer("http://one", transport=httpx.MockTransport(locked)).model()
