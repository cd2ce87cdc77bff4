"""The description of the interface is true: schemathesis sends what it allows and what it forbids, in everybody's name."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import schemathesis
from browsers import add_person
from builders import RESET, database
from fakes import FakeModel, FakePreCheck
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from pages import PLAN, build_app, put_ticket
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode

from ai.triage import Triage
from dashboard.keys import SCOPES
from db import people
from db.desk import load_desk

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore")]
ROLES = ("viewer", "agent", "lead", "admin")
ON_POSTGRES = "agent on PostgreSQL"
CALLERS = ("nobody", *ROLES, *(f"key {scope}" for scope in SCOPES), ON_POSTGRES)
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance, unsupported_method,
]  # fmt: skip
PATIENT = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))


@dataclass
class Asked:
    """Who asks, and what of."""

    app: FastAPI
    headers: dict[str, str]
    cookies: dict[str, str] = field(default_factory=dict)


@pytest.fixture(params=CALLERS)
def asked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Asked]:
    desk = load_desk("tennis")
    open_session = request.getfixturevalue("on_postgres") if request.param == ON_POSTGRES else database(tmp_path)
    app = build_app(open_session, desk, FakePreCheck([PLAN]))
    app.state.house = replace(app.state.house, triage=Triage(open_session, desk, FakeModel([RESET])))
    caller = Asked(app, {"Sec-Fetch-Site": "same-origin"})
    for number, role in enumerate(ROLES, 1):
        add_person(open_session, number, role.title(), role)
    with open_session() as session:
        put_ticket(session)
        if request.param.startswith("key "):
            scope = request.param.removeprefix("key ")
            caller.headers["Authorization"] = f"Bearer {people.add_key(session, scope, [scope], per_minute=100_000)}"
        elif request.param != "nobody":
            caller.cookies["courtdesk"] = request.param.split()[0]
    yield caller
    open_session.engine.dispose()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "forbidden"])
def test_nothing_answers_what_is_not_described(asked: Asked, mode: GenerationMode) -> None:
    described = schemathesis.openapi.from_dict(asked.app.openapi())
    described.app = asked.app
    wrong: list[str] = []
    for found in described.get_all_operations():
        operation = found.ok()

        @PATIENT
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case) -> None:
            for name, number in case.path_parameters.items():
                if number in (0, 2, -1):  # many of the short numbers ask for what is there
                    case.path_parameters[name] = 1
            case.call_and_validate(headers=asked.headers, cookies=asked.cookies, checks=CHECKS)

        try:
            ask()
        except Unsatisfiable:  # nothing that one could send is forbidden
            continue
        except FailureGroup as failures:
            wrong += [f"{operation.label}: {one}" for one in failures.exceptions]
    assert wrong == []
