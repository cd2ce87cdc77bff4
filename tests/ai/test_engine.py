"""The engine as it runs: a process of its own, spoken to over its socket."""

import itertools
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch
from builders import RESET, mail_text, tennis
from peft import LoraConfig, get_peft_model
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from tiny import random_model

from ai.drafting import ModelDown, draft_next
from ai.model.client import LocalModel
from ai.written import Decided, Question, Written
from db import promotions, tickets, versions
from db.drafts import Draft
from db.lifecycle import Status
from db.loop import Loop, end_all
from db.migrate import migrate
from db.models import Ticket
from db.session import OpenSession, open_database

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore")]
DESK = tennis()
MAILS = [mail_text(f"I am anna4{i}, please cancel my court on Tuesday") for i in range(5)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random model in a folder, with two adapters that change its mind."""
    folder = tmp_path_factory.mktemp("base")
    made = random_model("llama")
    made.model.save_pretrained(folder / "model")
    made.tokenizer.save_pretrained(folder / "model")
    for seed in (1, 2):
        adapted = get_peft_model(random_model("llama").model, LoraConfig(r=4, target_modules="all-linear"))
        torch.manual_seed(seed)
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.5)
        adapted.save_pretrained(folder / f"adapter{seed}")
    return folder


@pytest.fixture
def model(base: Path, tmp_path: Path) -> Iterator[LocalModel]:
    made = LocalModel(DESK, str(base / "model"), "", tmp_path, 1)
    yield made
    made.stop()


def drafts(model: LocalModel, adapter: str = "") -> list[Written]:
    asked = [Question(mail, adapter=adapter) for mail in MAILS]
    found = {place: news for place, news in model.draft(asked) if isinstance(news, Written)}
    return [found[i] for i in range(len(MAILS))]


def test_the_category_of_each_mail_is_told_before_its_draft(model: LocalModel) -> None:
    kinds: dict[int, list[str]] = {}

    for place, news in model.draft([Question(mail) for mail in MAILS]):
        kinds.setdefault(place, []).append(type(news).__name__)

    assert set(map(tuple, kinds.values())) == {("Decided", "Written")}
    assert model.hello()["drafted"] == len(MAILS)


def test_a_killed_engine_is_started_again_and_writes_the_same(model: LocalModel) -> None:
    before = drafts(model)
    os.kill(model.hello()["pid"], signal.SIGKILL)

    assert [written.text for written in drafts(model)] == [written.text for written in before]


def test_mails_that_end_the_engine_twice_are_given_up(model: LocalModel) -> None:
    model.ping()
    ends = 0

    def draft_and_kill() -> None:
        nonlocal ends
        for _, news in model.draft([Question(mail) for mail in MAILS]):
            if isinstance(news, Decided) and model.process is not None:
                model.process.kill()
                model.process.wait()
                ends += 1

    with pytest.raises(ModelDown, match="ended in the middle"):
        draft_and_kill()
    assert ends >= 2


def test_an_engine_that_another_process_takes_along_is_missed_by_nobody(base: Path, tmp_path: Path) -> None:
    owner, guest = (LocalModel(DESK, str(base / "model"), "", tmp_path, 1) for _ in range(2))
    before = drafts(owner)
    found: dict[int, Written] = {}
    for place, news in guest.draft([Question(mail) for mail in MAILS]):
        if isinstance(news, Written):
            found[place] = news
        elif owner.process is not None and owner.process.poll() is None:
            owner.stop()
    guest.stop()

    assert [found[i].text for i in range(len(MAILS))] == [written.text for written in before]


def test_a_house_that_closes_leaves_its_tickets_undrafted(model: LocalModel, open_session: OpenSession) -> None:
    """And says of none that its draft failed."""
    migrate(open_session)
    with open_session() as session:
        tickets.open_by_hand(session, by="mia", subject="Court", body="Cancel it", from_email="anna@kowalczyk.example")
    model.ping()
    assert model.process is not None
    os.kill(model.process.pid, signal.SIGSTOP)  # it never answers
    drafting = Loop("draft", lambda: draft_next(open_session, DESK, model))
    drafting.start()
    while not model.lock.locked():
        time.sleep(0.01)

    model.close()
    end_all([drafting], 10)
    os.kill(model.process.pid, signal.SIGCONT)

    assert drafting.ended(0)
    with open_session.reading() as session:
        (ticket,) = tickets.page(session)
        assert (ticket.status, ticket.draft, ticket.version) == (Status.RECEIVED, None, 1)


def test_versions_are_swapped_without_a_wrong_answer_in_between(model: LocalModel, base: Path) -> None:
    adapters = ["", str(base / "adapter1"), str(base / "adapter2")]
    alone = {adapter: [written.text for written in drafts(model, adapter)] for adapter in adapters}
    mixed = [Question(mail, adapter=adapter) for mail in MAILS for adapter in adapters]

    found = {place: news for place, news in model.draft(mixed) if isinstance(news, Written)}

    assert len({tuple(texts) for texts in alone.values()}) == 3
    for place, one in enumerate(mixed):
        assert found[place].text == alone[one.adapter][place // 3]
        assert found[place].made_by["adapter"] == Path(one.adapter).name


def many_drafted(
    open_session: OpenSession, model: LocalModel, base: Path, swaps: Sequence[str], count: int
) -> list[Ticket]:
    """So many tickets, drafted while one version after the other is promoted."""
    migrate(open_session)
    with open_session() as session:
        versions.know(session, {name: str(base / name) for name in ("adapter1", "adapter2")}, serves=swaps[0])
        for number in range(count):
            tickets.open_by_hand(
                session, by="mia", subject="Court", body=f"I am anna4{number % 10}, please cancel my court on Tuesday",
                from_email="anna@kowalczyk.example",
            )  # fmt: skip
    done = threading.Event()

    def swap() -> None:
        for name in itertools.cycle(swaps):
            with open_session() as session:
                promotions.promote(session, name)
            if done.wait(0.2):
                return

    swapping = threading.Thread(target=swap)
    swapping.start()
    while draft_next(open_session, DESK, model):
        pass
    done.set()
    swapping.join()
    with open_session.reading() as session:
        return list(session.scalars(select(Ticket).options(selectinload(Ticket.events)).order_by(Ticket.id)))


def test_of_200_tickets_none_is_lost_or_mixed_while_versions_are_promoted(
    model: LocalModel, base: Path, tmp_path: Path
) -> None:
    alone = {
        name: [
            one.draft for one in many_drafted(open_database(f"sqlite:///{tmp_path / name}.db"), model, base, [name], 10)
        ]
        for name in ("adapter1", "adapter2")
    }
    found = many_drafted(open_database(f"sqlite:///{tmp_path / 'both.db'}"), model, base, ["adapter1", "adapter2"], 200)

    assert {one.status for one in found} == {Status.IN_REVIEW}
    wrote = [str((one.made_by or {})["adapter"]) for one in found]
    assert min(wrote.count("adapter1"), wrote.count("adapter2")) >= 20
    for place, (one, adapter) in enumerate(zip(found, wrote, strict=True)):
        assert one.draft == alone[adapter][place % 10]
        assert [event.what for event in one.events].count("moved") == 1  # drafted once


def test_a_missing_adapter_is_a_reason_and_the_others_are_drafted(model: LocalModel, tmp_path: Path) -> None:
    asked = [Question(MAILS[0], adapter=str(tmp_path / "nowhere")), Question(MAILS[1])]

    found = dict(model.draft(asked))

    assert "not an adapter" in found[0].problem  # type: ignore[union-attr]
    assert isinstance(found[1], Written)


def test_two_desks_processes_share_one_engine(model: LocalModel, base: Path, tmp_path: Path) -> None:
    other = LocalModel(DESK, str(base / "model"), "", tmp_path, 1)
    expected = [written.text for written in drafts(model)]
    found: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda one=one: found.append([w.text for w in drafts(one)]))  # type: ignore[misc]
        for one in (model, other)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [expected, expected]
    assert model.hello()["pid"] == other.hello()["pid"]


def test_an_abandoned_draft_does_not_answer_the_next_question(model: LocalModel) -> None:
    stream = model.draft([Question(mail) for mail in MAILS])
    assert isinstance(next(stream)[1], Decided)
    stream.close()  # type: ignore[attr-defined]

    assert [type(written) for written in drafts(model)] == [Written] * len(MAILS)


def test_signed_answers_are_learnt_once_and_again_by_a_new_engine(base: Path, tmp_path: Path) -> None:
    signed: list[tuple[int, Draft]] = [(1, RESET), (2, RESET)]

    def since(event: int) -> tuple[int, list[Draft]]:
        return 2, [draft for number, draft in signed if number > event]

    model = LocalModel(DESK, str(base / "model"), "", tmp_path, 1, since)
    drafts(model)
    drafts(model)
    assert model.hello()["signed"] == 2

    os.kill(model.hello()["pid"], signal.SIGKILL)
    drafts(model)  # by a new one
    assert model.hello()["signed"] == 2
    model.stop()


def test_a_broken_base_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    model = LocalModel(DESK, str(tmp_path / "model"), "", tmp_path, 1)

    with pytest.raises(ModelDown, match="MODEL_BASE"):
        drafts(model)


def test_the_engine_ends_when_it_is_told_to(model: LocalModel) -> None:
    model.ping()
    pid = model.hello()["pid"]

    model.stop()

    for _ in range(50):
        if not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2]:
            break
        time.sleep(0.1)
    else:
        raise AssertionError("the engine still runs")
