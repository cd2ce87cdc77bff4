"""What came with a mail: its bytes, its attachments, its HTML. Everything in it is a stranger's."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from dashboard import html_mail
from dashboard.deps import Reading
from db import mails
from db.models import Attachment

router = APIRouter()
SEALED = "sandbox; default-src 'none'"


@router.get("/mails/{mail_id}.eml")
def show(session: Reading, mail_id: int) -> Response:
    """Exactly as it came: the way out where a mail cannot be read."""
    return download(mails.get(session, mail_id).raw, f"mail-{mail_id}.eml")


@router.get("/mails/{mail_id}/html")
def html(session: Reading, mail_id: int, images: Annotated[bool, Query()] = False) -> Response:
    """For the frame in the conversation."""
    mail = mails.get(session, mail_id)
    page = html_mail.page_of(session, mail, images=images)
    return HTMLResponse(page, headers={"Content-Security-Policy": html_mail.policy(images=images)})


@router.get("/mails/{mail_id}/attachments/{number}")
def attachment(session: Reading, mail_id: int, number: int) -> Response:
    """To keep; only pictures that really are some are shown in place."""
    listed = mails.get(session, mail_id).attachments
    digest = listed[number].get("sha256", "") if 0 <= number < len(listed) else ""
    stored = session.get(Attachment, digest) if digest else None
    if stored is None:
        raise mails.NoSuchMail(f"Mail {mail_id} has no attachment {number} that was kept.")
    kind = html_mail.image_type(stored.content)
    if kind:
        headers = {
            "Content-Disposition": disposition("inline", listed[number]["name"]),
            "Content-Security-Policy": SEALED,
        }
        return Response(stored.content, media_type=kind, headers=headers)
    return download(stored.content, listed[number]["name"])


def download(content: bytes, name: str) -> Response:
    headers = {"Content-Disposition": disposition("attachment", name), "Content-Security-Policy": SEALED}
    return Response(content, media_type="application/octet-stream", headers=headers)


def disposition(how: str, name: str) -> str:
    """RFC 6266: a plain name for old browsers, the real one encoded."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\;' else "_" for c in name)
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
