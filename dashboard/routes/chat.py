"""The chat for visitors: public, closed until an admin opens it on evidence, framed only by the sites of CHAT_ORIGINS."""

import asyncio
import ipaddress
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from dashboard import languages, respond
from dashboard.deps import House, TheHouse
from dashboard.forms import read_form
from dashboard.markdown import safe_html
from dashboard.security import POLICY
from db import chat_terms, chats
from db.chat_terms import Granted
from db.chats import HandOver, NoChat, Piece, Settled, Shown, Sign
from db.models import Chat, ChatMessage
from db.plans import NoAnswer
from db.triage import Busy

log = logging.getLogger(__name__)
router = APIRouter(prefix="/chat")
EACH, ALL = 12, 240  # messages a minute of one address, and of everybody
AT_ONCE, WAITING = 4, 32
PATIENCE = 120.0  # seconds for the next sign
NO_ANSWER = "The machine gives no answer just now."
POOL = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="chat")
Signs = asyncio.Queue[Sign | ChatMessage]
ROOM = threading.BoundedSemaphore(WAITING)


@router.get("")
def show(request: Request, house: TheHouse) -> Response:
    with house.open_session.reading() as session:
        check_is_on(house, chat_terms.granted(session))
    return page(request, house, "", [])


@router.post("/messages")
async def create(request: Request, house: TheHouse, form: Annotated[FormData, Depends(read_form)]) -> Response:
    """`words`, and the `token` of a conversation that goes on. As a stream of events where that is asked for."""
    if not ROOM.acquire(blocking=False):
        raise Busy("Many people are asking just now. Try again in a moment.", 10)
    try:
        stated = str(form.get("token", "")), str(form.get("words", ""))
        token, chat_id, before, granted = await run_in_threadpool(kept, house, visitor(request), *stated)
    except BaseException:
        ROOM.release()
        raise
    found = set_to_work(house, chat_id, stated[1].strip(), before, granted)
    say = languages.use(request, "", house.desk.labels).say
    if "text/event-stream" in request.headers.get("accept", ""):
        return StreamingResponse(events(token, found, say), media_type="text/event-stream", headers=framed(house))
    async for _ in events(token, found, say):
        pass
    return await run_in_threadpool(conversation, request, house, token)


@router.post("/hand-over")
def hand_over(request: Request, house: TheHouse, form: Annotated[FormData, Depends(read_form)]) -> Response:
    """`name` and `email`: the conversation becomes a ticket, though the machine may answer no more meanwhile."""
    token = str(form.get("token", ""))
    slow_down(house, visitor(request))
    with house.open_session() as session:
        chats.hand_over(
            session,
            chats.of(session, token, to_change=True),
            name=str(form.get("name", "")),
            email=str(form.get("email", "")),
        )
    return conversation(request, house, token)


def check_is_on(house: House, granted: Granted) -> None:
    """Raise NoChat, so that a chat that is closed cannot be told from one that never was."""
    if not granted.categories or house.visitors is None:
        raise NoChat("There is no chat here.")


def visitor(request: Request) -> str:
    """The address that a message comes from; of IPv6 the network, which is one household's."""
    try:
        address = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def slow_down(house: House, who: str) -> None:
    """Raise Busy, in words for visitors."""
    try:
        house.limits.take(f"visitor {who}", EACH)
        house.limits.take("everybody in the chat", ALL)
    except Busy as problem:
        raise Busy("That was much at once. Wait a moment, then ask again.", problem.seconds) from None


def kept(house: House, who: str, token: str, words: str) -> tuple[str, int, list[str], Granted]:
    """The token, the conversation, what was written before, and what the machine may answer. Raise NoChat, Busy, UnusableMessage."""
    slow_down(house, who)
    with house.open_session() as session:
        granted = chat_terms.granted(session)
        check_is_on(house, granted)
        if token:
            chat = chats.of(session, token, to_change=True)
        else:
            chat, token = chats.begin(session)
        return token, chat.id, chats.ask(session, chat, words), granted


def set_to_work(house: House, chat_id: int, words: str, before: list[str], granted: Granted) -> Signs:
    """What a thread of the pool tells, as it comes."""
    loop, found = asyncio.get_running_loop(), Signs()

    def tell(one: Sign | ChatMessage) -> None:
        with suppress(RuntimeError):  # the server has stopped, and nobody listens
            loop.call_soon_threadsafe(found.put_nowait, one)

    POOL.submit(work, house, chat_id, words, before, granted, tell)
    return found


async def events(token: str, found: Signs, say: Callable[[str], str]) -> AsyncIterator[str]:
    """Server-sent events: token, sources, pieces, and the end. Holds neither a thread nor a session while it waits."""
    yield event("token", token)
    while True:
        try:
            one = await asyncio.wait_for(found.get(), PATIENCE)
        except TimeoutError:
            yield event("end", {"html": "", "reason": say(NO_ANSWER), "confidence": None})
            return
        if isinstance(one, ChatMessage):
            yield event("end", {"html": safe_html(one.text), "reason": say(one.reason), "confidence": one.confidence})
            return
        if isinstance(one, Shown):
            yield event("sources", [list(source) for source in one.sources])
        elif isinstance(one, Piece):
            yield event("piece", one.text)


def work(house: House, chat_id: int, words: str, before: list[str], granted: Granted, tell: Any) -> None:
    """In a thread of the pool: ask the machine, tell of each sign, keep all of it."""
    signs: list[Sign] = []
    try:
        assert house.visitors is not None
        for one in house.visitors.answer(words, before, granted):
            signs.append(one)
            tell(one)
    except NoAnswer as problem:
        log.warning("the chat got no answer: %s", problem)
    except Exception:  # a visitor must not wait for ever for a fault of ours
        log.exception("the chat: unexpected")
    if not signs or not isinstance(signs[-1], Settled | HandOver):
        signs.append(HandOver(NO_ANSWER))
    try:
        with house.open_session() as session:
            message = chats.answer(session, session.get_one(Chat, chat_id), signs)
            session.expunge(message)
    except Exception:
        log.exception("the chat: an answer could not be kept")
        message = ChatMessage(by_machine=True, text="", reason=NO_ANSWER, confidence=None, sources=[])
    finally:
        ROOM.release()
    tell(message)


def event(name: str, value: object) -> str:
    return f"event: {name}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n"


def conversation(request: Request, house: House, token: str) -> Response:
    with house.open_session.reading() as session:
        chat = chats.of(session, token)
        shown = [
            (one.by_machine, safe_html(one.text) if one.by_machine else one.text, one.sources, one.reason)
            for one in chat.messages
        ]
        return page(request, house, token, shown, ticket=chat.ticket_id)


def page(request: Request, house: House, token: str, messages: list[Any], ticket: int | None = None) -> Response:
    answer = respond.part(request, house, "chat/show.html", token=token, messages=messages, ticket=ticket)
    answer.headers.update(framed(house))
    return answer


def framed(house: House) -> dict[str, str]:
    """Only the sites that the settings name may show it in a frame."""
    allowed = " ".join(house.chat_origins) or "'none'"
    return {"Content-Security-Policy": POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {allowed}")}
