"""Lessons: what the next model may learn; verified, corrected or dropped by people, taken along as JSONL. A lead's."""

import json
from collections.abc import Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import House, Reading, TheCaller, TheHouse, Writing, needs_lead
from dashboard.diffs import words_changed
from dashboard.forms import draft_of, read_form
from dashboard.rows import label_of
from db import chats, lessons
from db.drafts import Draft
from db.models import Lesson

router = APIRouter(dependencies=[needs_lead])
ONLY = ("", "changed", "unsure", "dismissed")


@router.get("/lessons")
def index(
    request: Request,
    house: TheHouse,
    session: Reading,
    state: str = "waiting",
    only: str = "",
    before: int | None = None,
) -> Response:
    state, only = state if state in lessons.STATES else "waiting", only if only in ONLY else ""
    found = [shown(one, house) for one in lessons.listed(session, state=state, only=only, before=before)]
    next_page = found[-1]["lesson"].id if len(found) == 50 else None  # type: ignore[attr-defined]
    unsure = only == "unsure" and state == "waiting" and before is None
    return respond.page(
        request, house, "lessons/index.html", lessons=found, state=state, only=only, next_page=next_page,
        chats=[(one, chats.question_of(one)) for one in chats.unanswered(session)] if unsure else (),
        names=[(one.name, one.label) for one in house.desk.categories],
        per_state=lessons.counts(session), chosen=lessons.settings(session),
    )  # fmt: skip


def shown(lesson: Lesson, house: House) -> dict[str, object]:
    draft, answer = Draft.from_json(lesson.draft), lesson.answer  # type: ignore[arg-type]
    right = Draft.from_json(answer) if answer else draft  # type: ignore[arg-type]
    values = [("category", label_of(house.desk, draft.category), label_of(house.desk, right.category))]
    values.append(("username", draft.username, right.username))
    values += [
        (key, draft.details.get(key, ""), right.details.get(key, "")) for key in {**draft.details, **right.details}
    ]
    return {
        "lesson": lesson,
        "answer": right,
        "label": label_of(house.desk, right.category),
        "values": [one for one in values if one[1] != one[2]],
        "diff": words_changed(draft.reply, right.reply) if answer else [],
        "fields": [(field, right.details.get(field, "")) for field in fields_of(house, right.category)],
        "names": [(one.name, one.label) for one in house.desk.categories],
    }


def fields_of(house: House, category: str) -> Sequence[str]:
    """None where the desk no longer has that category: the lesson can still be corrected or dropped."""
    return next((one.fields for one in house.desk.categories if one.name == category), ())


@router.post("/lessons/{lesson_id}")
def judge(
    request: Request,
    house: TheHouse,
    session: Writing,
    caller: TheCaller,
    lesson_id: int,
    form: Annotated[FormData, Depends(read_form)],
) -> Response:
    """`do`: verify (with the answer of the form), drop, or back."""
    lesson = lessons.get(session, lesson_id)
    if form.get("do") == "drop":
        lessons.drop(session, lesson, by=caller.name)
    elif form.get("do") == "back":
        lessons.put_back(session, lesson)
    else:
        lessons.verify(session, lesson, draft_of(form, house.desk), by=caller.name)
    return respond.see(request, f"/lessons?{form.get('where', '')}")


@router.post("/lessons/chats/{chat_id}")
def judge_chat(
    request: Request,
    house: TheHouse,
    session: Writing,
    caller: TheCaller,
    chat_id: int,
    form: Annotated[FormData, Depends(read_form)],
) -> Response:
    """`do`: teach (with the answer of the form) or pass."""
    chat = chats.numbered(session, chat_id)
    if form.get("do") == "pass":
        chats.pass_over(chat)
    else:
        chats.teach(session, chat, draft_of(form, house.desk), by=caller.name)
    return respond.see(request, "/lessons?only=unsure")


@router.post("/lessons")
def choose(request: Request, session: Writing, form: Annotated[FormData, Depends(read_form)]) -> Response:
    lessons.save_settings(
        session, pseudonyms=form.get("pseudonyms") == "on", only_verified=form.get("only_verified") == "on"
    )
    return respond.see(request, "/lessons")


@router.get("/lessons.jsonl")
def download(house: TheHouse) -> Response:
    """Training rows, one on a line, as `finetune_lora.py --data` reads them."""

    def lines() -> Iterator[str]:
        with house.open_session.reading() as session:
            for row in lessons.rows(session, secret=house.secret):
                yield json.dumps(row, ensure_ascii=False) + "\n"

    named = {"Content-Disposition": 'attachment; filename="lessons.jsonl"'}
    return StreamingResponse(lines(), media_type="application/jsonl", headers=named)
