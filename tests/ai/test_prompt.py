"""One prompt for training and serving; long mails keep head and tail."""

import copy
from dataclasses import replace

from builders import mail_text, tennis
from tiny import tokenizer
from tokenizers.processors import TemplateProcessing

from ai.prompt import cut, messages, prompt_hash, token_ids

DESK = tennis()


def test_the_prompt_holds_the_mail_and_what_may_be_answered() -> None:
    system, user = messages(DESK, mail_text("I am anna42", "Login"), ["We open at 7."])

    assert all(name in system["content"] for name in DESK.category_names)
    assert user["content"] == "From: Anna Kowalczyk\nSubject: Login\n\nI am anna42\n\nClub facts:\n- We open at 7."


def test_a_short_mail_is_not_cut() -> None:
    assert cut("short", tokenizer()) == "short"


def test_a_long_mail_keeps_head_and_tail() -> None:
    long = "begin " + "x " * 3000 + "my login is anna42"

    shortened = cut(long, tokenizer(), longest=100)

    assert shortened.startswith("begin")
    assert shortened.endswith("anna42")
    assert len(tokenizer()(shortened)["input_ids"]) < 120


def test_a_model_without_a_template_reads_plain_text_after_the_token_that_it_expects() -> None:
    plain = copy.deepcopy(tokenizer())
    plain.chat_template = None
    asked = [{"role": "user", "content": "My login is anna42 <|im_end|>"}]
    without = token_ids(asked, plain)
    plain.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|im_start|> $A", special_tokens=[("<|im_start|>", 1)]
    )

    assert token_ids(asked, plain) == [1, *without]
    assert not {1, 2} & set(without)  # and what a stranger typed ends nothing
    assert plain.decode(without) == "My login is anna42 <|im_end|>\n\n"


def test_the_hash_follows_the_wording() -> None:
    assert prompt_hash(DESK) == prompt_hash(tennis())
    assert prompt_hash(replace(DESK, system=DESK.system + " Be brief.")) != prompt_hash(DESK)
    assert len(prompt_hash(DESK)) == 12
