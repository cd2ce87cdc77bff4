"""Which model drafts, by the settings: the engine here, or servers elsewhere with the engine behind them."""

from ai.knowledge import load_knowledge
from ai.model.client import LocalModel
from ai.remote import ChatServer
from ai.servers import RemoteModel
from ai.settings import ModelSettings
from db.desk import Desk

DeskModel = LocalModel | RemoteModel


def chosen_model(settings: ModelSettings, desk: Desk, local: LocalModel) -> DeskModel:
    """`local` serves alone, or where no server answers."""
    if not settings.urls:
        return local
    key = settings.api_key.get_secret_value()
    servers = [ChatServer(url, settings.name, key) for url in settings.urls]
    return RemoteModel(desk, servers, load_knowledge(desk.folder / "knowledge"), local)
