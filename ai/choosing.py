"""Which model drafts, by the settings: the engine here, or servers elsewhere with the engine behind them."""

from ai.drafting import ModelDown
from ai.knowledge import load_knowledge
from ai.model.client import LocalModel, Signed
from ai.remote import ChatServer
from ai.servers import RemoteModel
from ai.settings import ModelSettings
from db import parts, tickets
from db.desk import Desk
from db.drafts import Draft
from db.session import OpenSession

DeskModel = LocalModel | RemoteModel


def chosen_model(settings: ModelSettings, desk: Desk, local: LocalModel) -> DeskModel:
    """`local` serves alone, or where no server answers."""
    if not settings.urls:
        return local
    key = settings.api_key.get_secret_value()
    servers = [ChatServer(url, settings.name, key) for url in settings.urls]
    return RemoteModel(desk, servers, load_knowledge(desk.folder / "knowledge"), local)


def signed_in(open_session: OpenSession) -> Signed:
    """The answers that were signed, which teach an engine what is likely."""

    def signed(since: int) -> tuple[int, list[Draft]]:
        with open_session.reading() as session:
            return tickets.signed_since(session, since)

    return signed


def warm(open_session: OpenSession, model: DeskModel) -> bool:
    """Load the model before the first mail needs it, and report its lamp in the header."""
    try:
        name = model.ping()
    except ModelDown as problem:
        with open_session() as session:
            parts.report(session, "model", "failing", str(problem))
        raise
    with open_session() as session:
        parts.report(session, "model", "ok", name)
    return False
