"""Knowledge: pages written and changed by staff with their history, files and web pages, answers that were signed."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from dashboard import respond
from dashboard.deps import Reading, TheCaller, TheHouse, Writing
from dashboard.forms import read_form, uploads_in, whole_number
from dashboard.refusals import Refusal
from db import knowledge, passages, tickets
from db.drafts import PLACEHOLDER
from db.reach import reach

router = APIRouter(prefix="/knowledge")
KINDS = ("page", "file", "web", "answer")


@router.get("")
def index(
    request: Request, house: TheHouse, session: Reading, q: str = "", kind: str = "", gone: bool = False
) -> Response:
    found = house.finder.look_up(q) if house.finder and q.strip() else []
    return respond.page(
        request, house, "knowledge/index.html", pages=knowledge.listed(session, kind=kind if kind in KINDS else "", there=not gone),
        q=q, found=found, kind=kind, gone=gone, kinds=KINDS, endings=",".join(knowledge.FILES),
    )  # fmt: skip


@router.get("/new")
def new(request: Request, house: TheHouse, session: Reading, ticket: int | None = None) -> Response:
    """`ticket`: what was signed there becomes the text to begin with, without whom it greets."""
    title = body = language = ""
    if ticket is not None:
        found = tickets.get(session, ticket)
        title, language = found.subject, found.language
        body = knowledge.core_of(PLACEHOLDER.sub("…", str((found.answer or found.draft or {}).get("reply", ""))))
        body = knowledge.with_question(body, tickets.newest_question(found))
    return respond.page(
        request, house, "knowledge/edit.html", page=None, title=title, body=body, written_in=language, ticket=ticket,
    )  # fmt: skip


@router.get("/{page_id}")
def show(request: Request, house: TheHouse, session: Reading, page_id: int, version: int | None = None) -> Response:
    """`version`: as it was then."""
    page = knowledge.get(session, page_id)
    history = knowledge.history(session, page)
    old = next((one for one in history if one.version == version), None)
    return respond.page(
        request, house, "knowledge/show.html", page=page, history=history, old=old,
        passages=[] if old else passages.of_page(session, page),
    )  # fmt: skip


@router.get("/{page_id}/edit")
def edit(request: Request, house: TheHouse, session: Reading, page_id: int) -> Response:
    page = knowledge.get(session, page_id)
    return respond.page(
        request, house, "knowledge/edit.html", page=page, title=page.title, body=page.text, written_in=page.language,
        ticket=None,
    )  # fmt: skip


@router.post("")
def create(
    request: Request, session: Writing, caller: TheCaller, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    stated = str(form.get("ticket") or "")
    page = knowledge.write(
        session, title=str(form.get("title", "")), body=str(form.get("text", "")), by=caller.name,
        language=str(form.get("language", ""))[:8], ticket_id=tickets.get(session, whole_number(stated)).id if stated else None,
    )  # fmt: skip
    return respond.see(request, f"/knowledge/{page.id}")


@router.post("/{page_id}")
def change(
    request: Request, session: Writing, caller: TheCaller, page_id: int, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    page = knowledge.get(session, page_id, to_change=True)
    knowledge.write(
        session, title=str(form.get("title", "")), body=str(form.get("text", "")), by=caller.name,
        language=str(form.get("language", ""))[:8], page=page, seen=whole_number(str(form.get("seen", ""))),
    )  # fmt: skip
    return respond.see(request, f"/knowledge/{page_id}")


@router.post("/{page_id}/versions/{version}")
def put_back(request: Request, session: Writing, caller: TheCaller, page_id: int, version: int) -> Response:
    knowledge.put_back(session, knowledge.get(session, page_id, to_change=True), version, by=caller.name)
    return respond.see(request, f"/knowledge/{page_id}")


@router.post("/{page_id}/there")
def set_there(
    request: Request, session: Writing, caller: TheCaller, page_id: int, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`there`: yes or no."""
    knowledge.set_there(session, knowledge.get(session, page_id), there=form.get("there") == "yes", by=caller.name)
    return respond.see(request, f"/knowledge/{page_id}")


@router.post("/files/upload")
def upload(
    request: Request, session: Writing, caller: TheCaller, form: Annotated[FormData, Depends(read_form)]
) -> Response:
    """`file`: one or several."""
    uploads = uploads_in(form)
    if not uploads:
        raise Refusal("Choose a file first.")
    for name, one in uploads:
        knowledge.upload(session, name=name, content=one.file.read(knowledge.MOST_BYTES + 1), by=caller.name)
    return respond.see(request, "/knowledge?kind=file")


@router.post("/web/address")
def save_address(
    request: Request,
    house: TheHouse,
    session: Writing,
    caller: TheCaller,
    form: Annotated[FormData, Depends(read_form)],
) -> Response:
    """`url`: fetched by a stage, now and whenever it is saved again."""
    url = str(form.get("url", "")).strip()
    reach(url, house.lan_allow)
    knowledge.save_address(session, url=url, by=caller.name)
    return respond.see(request, "/knowledge?kind=web")
