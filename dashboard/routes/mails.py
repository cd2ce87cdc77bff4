"""A mail's bytes, exactly as they came: the way out where a mail cannot be read."""

from fastapi import APIRouter
from fastapi.responses import Response

from dashboard.deps import Reading
from db.models import Mail
from db.tickets import NoSuchTicket

router = APIRouter()


@router.get("/mails/{mail_id}.eml")
def show(session: Reading, mail_id: int) -> Response:
    mail = session.get(Mail, mail_id)
    if mail is None:
        raise NoSuchTicket(f"There is no mail {mail_id}.")
    headers = {"Content-Disposition": f'attachment; filename="mail-{mail_id}.eml"'}
    return Response(mail.raw, media_type="application/octet-stream", headers=headers)
