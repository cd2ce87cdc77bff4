"""The decode loop against the plainest one there is: whole forward passes, one token each, nothing kept."""

import json
import math
import random
from typing import Any

import llguidance.numpy
import numpy as np
import pytest
import torch
from builders import mail_text, tennis
from tiny import KINDS, loaded, random_model

from ai.knowledge import Knowledge, Passage
from ai.model.decoding import Decoder, Question, Written
from ai.model.loading import Loaded
from ai.model.prompts import Prompts
from ai.model.readers import PLACES as READ
from ai.model.readers import SecondReader
from ai.model.runner import PlainRunner
from ai.model.user_names import PLACES, NameReader
from ai.parsing import category_head
from ai.prompt import MailText, messages, token_ids

DESK = tennis()
KNOWLEDGE = Knowledge([Passage("Hours", "Opening", "We open every morning at seven.")])
WORDS = [
    "anna42",
    "court",
    "three",
    "please",
    "cancel",
    "Tuesday",
    "the",
    "morning",
    "seven",
    "open",
    "booking",
    "Müller",
    "login",
    "hello",
    "18:00",
    "and",
    "my",
]
SHORT = 60  # tokens after which the reference gives up: a random model rambles


def mails(count: int, seed: int = 0) -> list[MailText]:
    chance = random.Random(seed)
    return [mail_text(" ".join(chance.choices(WORDS, k=chance.randint(1, 30)))) for _ in range(count)]


def plain_tokens(
    made: Loaded, decoder: Decoder, mail: MailText, category: str, passages: list[str], begin: str = ""
) -> list[int]:
    """Greedy decoding under the same grammar, without cache, guesses or batches, of an answer that begins with `begin`."""
    ids = token_ids(messages(DESK, mail, passages, made.tokenizer), made.tokenizer)
    matcher = decoder.grammar.matcher(mail, category)
    tokens: list[int] = decoder.prompts.cut_tokens(begin, ',"details":{') if begin else []
    assert matcher.consume_tokens(tokens)
    while not matcher.is_stopped() and len(tokens) < SHORT:
        with torch.inference_mode():
            scores = made.model(input_ids=torch.tensor([[*ids, *tokens]])).logits[0, -1].float()
        mask = llguidance.numpy.allocate_token_bitmask(1, len(scores))
        llguidance.numpy.fill_next_token_bitmask(matcher, mask, 0)
        allowed = np.unpackbits(mask.view(np.uint8), bitorder="little")[: len(scores)].astype(bool)
        tokens.append(int(scores.masked_fill(~torch.from_numpy(allowed), -torch.inf).argmax()))
        assert matcher.consume_tokens(tokens[-1:])
    return tokens


def starts(written: Written, made: Loaded, tokens: list[int]) -> bool:
    return written.text.startswith(made.tokenizer.decode(tokens[: SHORT - 4], skip_special_tokens=True).rstrip("�"))


@pytest.mark.long
def test_a_hundred_mails_read_as_in_plain_greedy_decoding_with_guesses_and_in_batches() -> None:
    made = loaded()
    decoder = Decoder(made, DESK, KNOWLEDGE)
    asked = [Question(mail) for mail in mails(100)]
    first = {place: news for place, news in decoder.draft_many(asked) if isinstance(news, Written)}
    for place, written in first.items():  # now every answer is known, so that guesses are often right
        category = max(written.categories, key=lambda name: first[place].categories[name])
        decoder.remember(category, written.text)

    again = {place: news for place, news in decoder.draft_many(asked) if isinstance(news, Written)}

    assert [again[i].text for i in range(100)] == [first[i].text for i in range(100)]
    assert sum(w.passes for w in again.values()) < sum(w.passes for w in first.values())
    for place, one in enumerate(asked):
        chosen = max(again[place].categories, key=lambda name: again[place].categories[name])
        passages = [passage.text for passage in again[place].passages]
        assert starts(again[place], made, plain_tokens(made, decoder, one.mail, chosen, passages)), place


def test_a_batch_decides_as_its_mails_do_alone() -> None:
    decoder = Decoder(loaded(), DESK, KNOWLEDGE)
    some = mails(9, seed=1)

    together = {
        place: news for place, news in decoder.draft_many([Question(m) for m in some]) if isinstance(news, Written)
    }

    for place, mail in enumerate(some):
        alone = decoder.draft(mail)
        assert together[place].text == alone.text
        assert together[place].username_probability == pytest.approx(alone.username_probability, rel=1e-4)


@pytest.mark.parametrize("architecture", KINDS)
def test_every_architecture_is_read_as_its_own_forward_pass_reads_it(architecture: str) -> None:
    made, whole = random_model(architecture), random_model(architecture)
    decoder = Decoder(made, DESK, KNOWLEDGE)
    if architecture == "llama":
        decoder.runner = PlainRunner(made.model)
        decoder.prompts = Prompts(decoder.runner, made.tokenizer, DESK)
    some = mails(3, seed=2)

    for place, written in decoder.draft_many([Question(mail) for mail in some]):
        if isinstance(written, Written):
            chosen = max(written.categories, key=lambda name: written.categories[name])
            passages = [passage.text for passage in written.passages]
            assert starts(written, made, plain_tokens(whole, decoder, some[place], chosen, passages))


def test_a_name_that_two_readers_chose_is_gone_on_from_as_if_the_model_had_written_it() -> None:
    made = loaded()
    names = NameReader(np.random.default_rng(0).normal(size=PLACES).astype(np.float32), {}, share=5.0)
    nothing = np.zeros((9, 2 * READ), dtype=np.float32)
    second = SecondReader(tuple(DESK.category_names), nothing[0], 0.0, nothing, nothing[:, 0], names=names)
    decoder = Decoder(made, DESK, KNOWLEDGE, second=second)
    some = mails(12, seed=3)

    chosen = set()
    for place, written in decoder.draft_many([Question(mail) for mail in some]):
        if isinstance(written, Written):
            answer = json.loads(written.text)
            category, name = answer["category"], answer["username"]
            own = names.read(some[place], category)
            chosen.add(name)
            assert name == max(own, key=lambda one: own[one])
            assert 0.5 < written.username_probability <= 1
            passages = [passage.text for passage in written.passages]
            begin = f'{category_head(category)},"username":{json.dumps(name, ensure_ascii=False)}'
            assert starts(written, made, plain_tokens(made, decoder, some[place], category, passages, begin)), place
    assert len(chosen) >= 2


def test_probabilities_of_names_are_the_models_share_among_those_that_are_asked_about() -> None:
    made = loaded()
    names = NameReader(np.zeros(PLACES, dtype=np.float32), {}, share=0.0)
    nothing = np.zeros((9, 2 * READ), dtype=np.float32)
    second = SecondReader(tuple(DESK.category_names), nothing[0], 0.0, nothing, nothing[:, 0], names=names)
    decoder = Decoder(made, DESK, KNOWLEDGE, second=second)
    mail = mail_text("I am anna42 please")

    row, _ = decoder.open(0, Question(mail, "other"), None)

    ids = token_ids(messages(DESK, mail, tokenizer=made.tokenizer), made.tokenizer)
    labels = {
        name: decoder.prompts.cut_tokens(f'{category_head("other")},"username":"{name}"', ',"details":{')
        for name in row.names[0]
    }
    expected = {name: chance_among(label, labels, made.model, ids) for name, label in labels.items()}
    assert set(labels) >= {"", "anna42"}
    assert row.names[0] == pytest.approx(expected, abs=1e-5)


def test_probabilities_of_categories_are_those_of_whole_forward_passes() -> None:
    made = loaded()
    decoder = Decoder(made, DESK, KNOWLEDGE)
    mail = mail_text("I am anna42")
    ids = token_ids(messages(DESK, mail, tokenizer=made.tokenizer), made.tokenizer)

    _, decision = decoder.prompts.read(ids)

    expected = {name: chance_of(label, decoder, made.model, ids) for name, label in decoder.prompts.labels.items()}
    assert decision.probabilities == pytest.approx(expected, abs=1e-5)
    assert 0 < decision.legal_mass < 1


def chance_of(label: list[int], decoder: Decoder, model: Any, ids: list[int]) -> float:
    return chance_among(label, decoder.prompts.labels, model, ids)


def chance_among(label: list[int], labels: dict[str, list[int]], model: Any, ids: list[int]) -> float:
    """Product over the label's tokens of their share among those with which some label goes on."""
    chance = 0.0
    for t, token in enumerate(label):
        going_on = sorted({other[t] for other in labels.values() if other[:t] == label[:t] and len(other) > t})
        with torch.inference_mode():
            scores = model(input_ids=torch.tensor([[*ids, *label[:t]]])).logits[0, -1]
        chance += float(scores[token] - torch.logsumexp(scores[going_on], 0))
    return math.exp(chance)
