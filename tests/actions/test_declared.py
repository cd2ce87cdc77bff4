"""A desk's own actions are data: desk.toml names the call, and everything else is the house's."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import sandbox

from actions.catalog import CATALOG, UnknownAction, action_named
from actions.checking import make_plan
from actions.dispatch import spoken_values
from actions.http import HttpClub, open_club
from actions.outcomes import Refused
from db.desk import DESKS, Desk, UnusableDesk, load_desk
from db.drafts import fill
from db.plans import Asked

UNLOCKED = "The account {account.username} is unlocked."
GRANTED = "{account.username} may use {grant.system} now."


@pytest.fixture
def helpdesk() -> Desk:
    return load_desk("helpdesk")


@pytest.fixture
def directory(tmp_path: Path, helpdesk: Desk) -> Iterator[HttpClub]:
    with sandbox(tmp_path, DESKS / "helpdesk" / "sandbox.toml") as (url, token):
        club = open_club(url, token, 5, helpdesk.actions)
        yield club
        club.client.close()


def asked(category: str, username: str, reply: str, **details: str) -> Asked:
    return Asked(category, username, details, reply, "dana.wright@halden.example", "verified", "signed")


@pytest.mark.server
def test_an_account_is_unlocked_by_what_desk_toml_says(directory: HttpClub, helpdesk: Desk) -> None:
    plan = make_plan(asked("unlock_account", "dwright", UNLOCKED), helpdesk, directory)

    assert (plan.action, plan.params, plan.blocked) == ("unlock_account", {"username": "dwright"}, "")
    assert all(check.ok for check in plan.checks)
    done = directory.perform(plan.action, plan.params, "key-1")
    assert fill(UNLOCKED, spoken_values({"name": plan.action, "params": plan.params}, done, helpdesk, "en")) == (
        "The account dwright is unlocked."
    )
    assert directory.accounts(username="dwright")[0]["status"] == "active"


@pytest.mark.server
def test_an_account_that_is_not_locked_asks_for_a_look(directory: HttpClub, helpdesk: Desk) -> None:
    plan = make_plan(asked("unlock_account", "moreno_j", UNLOCKED), helpdesk, directory)

    assert next(check.words for check in plan.checks if check.ok is False) == "moreno_j is active"


@pytest.mark.server
def test_access_is_granted_to_what_the_mail_names(directory: HttpClub, helpdesk: Desk) -> None:
    plan = make_plan(asked("grant_access", "dwright", GRANTED, system="Jira"), helpdesk, directory)

    done = directory.perform(plan.action, plan.params, "key-1")

    values = spoken_values({"name": plan.action, "params": plan.params}, done, helpdesk, "en")
    assert fill(GRANTED, values) == "dwright may use Jira now."


@pytest.mark.server
def test_access_to_nothing_is_blocked(directory: HttpClub, helpdesk: Desk) -> None:
    plan = make_plan(asked("grant_access", "dwright", GRANTED), helpdesk, directory)

    assert plan.blocked == "Cannot grant access: the mail does not say the system"


@pytest.mark.server
def test_an_unknown_account_is_refused_in_words(directory: HttpClub) -> None:
    with pytest.raises(Refused, match="no account nobody"):
        directory.perform("unlock_account", {"username": "nobody"}, "key-1")


def test_a_user_name_cannot_leave_its_place_in_the_path(helpdesk: Desk) -> None:
    kind = action_named("grant_access", helpdesk)

    method, path, body = kind.request({"username": "../courts?x=1#", "system": "Jira"})

    assert (method, path, body) == ("POST", "/accounts/..%2Fcourts%3Fx%3D1%23/grants", {"system": "Jira"})


@pytest.mark.parametrize("name", [".", "..", " .. "])
def test_a_user_name_that_is_a_step_in_the_path_is_refused(helpdesk: Desk, name: str) -> None:
    with pytest.raises(Refused, match="cannot be used as a name"):
        action_named("unlock_account", helpdesk).request({"username": name})
    with pytest.raises(Refused, match="cannot be used as a name"):
        CATALOG["delete_account"].request({"username": name})


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ('call = "FETCH /x"', "call must be a method and a path"),
        ('call = "POST /accounts/{username}/grants/{system}"', "{system} is neither"),
        ('call = "POST /x"\nbody = ["colour"]', "lacks the field colour"),
    ],
)
def test_an_action_that_could_not_be_carried_out_stops_the_start(tmp_path: Path, stated: str, said: str) -> None:
    whole = (DESKS / "helpdesk" / "desk.toml").read_text()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "desk.toml").write_text(
        whole.split("[[action]]")[0] + f'[[action]]\nname = "unlock_account"\nlabel = "x"\nsentence = "x"\n{stated}\n'
    )

    with pytest.raises(UnusableDesk, match=re.escape(said)):
        load_desk("bad", tmp_path)


def test_an_action_that_nobody_has_is_named(helpdesk: Desk) -> None:
    with pytest.raises(UnknownAction, match="unlock_account"):
        action_named("fly", helpdesk)


@pytest.mark.parametrize("name", sorted(path.parent.name for path in DESKS.glob("*/desk.toml")))
def test_every_action_of_every_desk_exists(name: str) -> None:
    desk = load_desk(name)

    for category in desk.categories:
        if category.action:
            assert action_named(category.action, desk).name == category.action
            declared = desk.declared(category.action)
            assert set(declared.body if declared else ()) <= set(category.fields)


def test_a_body_can_be_a_template_of_what_the_mail_says(tmp_path: Path, helpdesk: Desk) -> None:
    stated = (helpdesk.folder / "desk.toml").read_text(encoding="utf-8")
    table = 'body = { role = "user of {system}", for = "{username}", by = "courtdesk" }'
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "desk.toml").write_text(stated.replace('body = ["system"]', table), encoding="utf-8")
    grant = load_desk("other", tmp_path).declared("grant_access")
    assert grant is not None
    assert grant.body == ("system",)

    _, path, body = action_named("grant_access", load_desk("other", tmp_path)).request(
        {"username": "hm", "system": "jira {x}"}
    )

    assert path == "/accounts/hm/grants"
    assert body == {"role": "user of jira {x}", "for": "hm", "by": "courtdesk"}
