"""A desk is data: `desks/<name>/desk.toml` becomes a Desk. Pure, apart from reading that file."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DESKS = Path(__file__).resolve().parent.parent / "desks"


class UnusableDesk(Exception):
    """A desk folder is missing or its desk.toml says something impossible."""


@dataclass(frozen=True)
class Category:
    name: str
    label: str
    fields: tuple[str, ...] = ()
    action: str = ""
    needs_human: bool = False
    knowledge: bool = False  # its reply is written from the desk's own pages


# routine: taken back easily, or gives nothing away · careful: somebody notices · grave: gone for good, or an account's owner
Danger = Literal["routine", "careful", "grave"]


@dataclass(frozen=True)
class DeclaredAction:
    """An action that a desk states as data: one call of its API on an account.

    `call` is a method and a path, with `{username}` or keys of `body` in it; `body` names the keys of `details` that
    are sent along, or is a table, each value a template with such keys in it (`template` then); `fills` says which key of the API's answer each placeholder of the reply becomes; `expects` is the
    status that the account should have; `harmless` that the action gives nothing to whoever asked; `danger` how much a
    wrong one costs.
    """

    name: str
    label: str
    sentence: str
    call: str
    body: tuple[str, ...] = ()
    fills: dict[str, str] = field(default_factory=dict)
    expects: str = "active"
    harmless: bool = False
    danger: Danger = "careful"
    template: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Desk:
    name: str
    title: str
    folder: Path
    timezone: ZoneInfo
    languages: tuple[str, ...]
    signature: dict[str, str]
    system: str
    categories: tuple[Category, ...]
    refusals: dict[str, dict[str, str]] = field(default_factory=dict)
    actions: tuple[DeclaredAction, ...] = ()
    nothing_fits: dict[str, str] = field(
        default_factory=dict
    )  # by language: the reply where no page answers a question
    stock: dict[str, dict[str, str]] = field(
        default_factory=dict
    )  # by language and category: a reply that is always right
    asks: dict[str, dict[str, str]] = field(
        default_factory=dict
    )  # by language, and by what the mail leaves out: a reply that asks for it
    labels: dict[str, dict[str, str]] = field(
        default_factory=dict
    )  # by language: what is stated here in English, in it

    def declared(self, name: str) -> DeclaredAction | None:
        return next((action for action in self.actions if action.name == name), None)

    def category(self, name: str) -> Category:
        for category in self.categories:
            if category.name == name:
                return category
        raise UnusableDesk(f"The desk {self.name} has no category {name!r}.")

    @property
    def category_names(self) -> tuple[str, ...]:
        return tuple(category.name for category in self.categories)

    @property
    def system_prompt(self) -> str:
        return self.system.format(categories=", ".join(self.category_names))


def load_desk(name: str, folder: Path = DESKS) -> Desk:
    """Read `folder/name/desk.toml`. Raise UnusableDesk with a sentence that names what to change."""
    path = folder / name / "desk.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.parent.name for p in folder.glob("*/desk.toml")))
        raise UnusableDesk(f"DESK={name}: there is no {path}. Desks here: {known or 'none'}.")
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
        categories = tuple(Category(**{**c, "fields": tuple(c.get("fields", ()))}) for c in stated["category"])
        desk = Desk(
            name=name,
            title=stated["title"],
            folder=path.parent,
            timezone=ZoneInfo(stated["timezone"]),
            languages=tuple(stated["languages"]),
            signature=stated["signature"],
            system=stated["system"],
            categories=categories,
            refusals=stated.get("refusals", {}),
            labels=stated.get("labels", {}),
            nothing_fits=stated.get("nothing_fits", {}),
            stock=stated.get("stock", {}),
            asks=stated.get("asks", {}),
            actions=tuple(
                DeclaredAction(**{**action, **body_of(action.get("body", ()))}) for action in stated.get("action", ())
            ),
        )
        for action in desk.actions:
            check_action(action, desk)
        return desk
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise UnusableDesk(f"DESK={name}: {path} cannot be used: {error}.") from error


def body_of(stated: Sequence[str] | Mapping[str, str]) -> dict[str, Any]:
    """A list of keys, or a table of templates: the keys are then those that stand in it."""
    if not isinstance(stated, Mapping):
        return {"body": tuple(stated)}
    keys = [key for value in stated.values() for key in re.findall(r"\{(\w+)\}", str(value)) if key != "username"]
    return {"body": tuple(dict.fromkeys(keys)), "template": {name: str(value) for name, value in stated.items()}}


def check_action(action: DeclaredAction, desk: Desk) -> None:
    """Raise ValueError where the action could not be carried out as it is stated: better at the start than after a signature."""
    given = {"username", *action.body}
    if action.danger not in get_args(Danger):
        raise ValueError(f"action {action.name}: danger must be one of {', '.join(get_args(Danger))}")
    method, _, path = action.call.partition(" ")
    if method not in ("POST", "PUT", "PATCH", "DELETE") or not path.startswith("/"):
        raise ValueError(
            f"action {action.name}: call must be a method and a path, such as POST /accounts/{{username}}/unlock"
        )
    for words in (action.call, action.sentence):
        unknown = set(re.findall(r"\{(\w*)\}", words)) - given
        if unknown:
            raise ValueError(f"action {action.name}: {{{min(unknown)}}} is neither username nor in its body")
    for category in desk.categories:
        missing = set(action.body) - set(category.fields) if category.action == action.name else set()
        if missing:
            raise ValueError(
                f"category {category.name} lacks the field {min(missing)} that its action {action.name} sends"
            )
