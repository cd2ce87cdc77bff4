"""Files that go along with a reply, put there before it is signed."""

import hashlib
import mimetypes

from fastapi import APIRouter
from fastapi.responses import Response

from dashboard import respond
from dashboard.deps import TheDeed
from dashboard.forms import recipients_in, unsigned_draft_of, uploads_in
from dashboard.refusals import Refusal
from db import edits, mails
from db.letters import MOST_BYTES, File

router = APIRouter()


@router.post("/tickets/{ticket_id}/files")
def create(deed: TheDeed) -> Response:
    """`file`: one or several. Each is kept once by its content."""
    person = deed.caller.person_id
    uploads = uploads_in(deed.form)
    if person is None or not uploads:
        raise Refusal("Choose a file first.")
    answer = unsigned_draft_of(deed.form, deed.house.desk)
    edit = edits.keep(
        deed.session, deed.ticket, person, answer, None, seen=deed.seen, recipients=recipients_in(deed.form)
    )
    for name, upload in uploads:
        content = upload.file.read(MOST_BYTES + 1)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        digest = hashlib.sha256(content).hexdigest()
        edits.add_file(edit, File(name, kind, len(content), digest))
        mails.keep_attachments(deed.session, {digest: content})
    return respond.go(deed.request, deed.address)


@router.post("/tickets/{ticket_id}/files/{number}/end")
def end(deed: TheDeed, number: int) -> Response:
    if deed.caller.person_id is not None:
        edits.drop_file(deed.session, deed.ticket, deed.caller.person_id, number)
    return respond.go(deed.request, deed.address)
