"""Insights: how the desk is doing, from its own tickets, as plots and as CSV."""

import csv
import io
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from dashboard import charts, respond
from dashboard.deps import Reading, TheCaller, TheHouse
from dashboard.refusals import Refusal
from dashboard.rows import label_of
from db import figures
from db.figures import Figures

router = APIRouter(prefix="/insights")
Days = Annotated[int, Query(ge=1, le=366)]


@router.get("")
def show(
    request: Request, house: TheHouse, session: Reading, caller: TheCaller, days: Days = 28, category: str = ""
) -> Response:
    found = figures.figures(session, house.desk.timezone, days, category)
    names = [(one.name, one.label) for one in house.desk.categories]
    return respond.page(
        request, house, "insights/show.html", found=found, days=days, category=category, names=names, charts=charts,
        label=lambda name: label_of(house.desk, name), whole=whole(found),
    )  # fmt: skip


def whole(found: Figures) -> figures.Share:
    signed = [fact for fact in found.facts if fact.is_signed]
    return figures.Share("all", sum(fact.is_unchanged for fact in signed), len(signed))


@router.get("/{name}.csv")
def export(
    house: TheHouse, session: Reading, caller: TheCaller, name: str, days: Days = 28, category: str = ""
) -> Response:
    found = figures.figures(session, house.desk.timezone, days, category)
    tables = {
        "volume": (("day", "unchanged", "other"), found.days),
        "weeks": (("week", "unchanged", "signed", "edit_distance"), shares(found.weeks)),
        "categories": (("category", "unchanged", "signed", "edit_distance"), shares(found.categories)),
        "models": (("model", "unchanged", "signed", "edit_distance"), shares(found.models)),
        "reliability": (
            ("said", "right", "drafts"),
            [(round(said, 4), one.count, one.total) for said, one in found.reliability],
        ),
        "hours": (
            ("weekday", *range(24)),
            [(day, *row) for day, row in zip(charts.WEEKDAYS, found.hours, strict=True)],
        ),
        "people": (("person", "signed"), found.people),
        "whys": (("why", "edits"), found.whys),
        "in_time": (("category", "in_time", "due"), counted(found.in_time)),
        "votes": (("category", "good", "votes"), counted(found.liked)),
    }
    if name not in tables:
        raise Refusal(f"There is no table {name}. There are: {', '.join(tables)}.")
    head, rows = tables[name]
    out = io.StringIO()
    csv.writer(out).writerows([head, *([harmless(cell) for cell in row] for row in rows)])
    return Response(
        out.getvalue(), media_type="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}.csv"'}
    )


def counted(found: Sequence[figures.Share]) -> list[tuple[object, ...]]:
    return [(one.label, one.count, one.total) for one in found]


def shares(found: object) -> list[tuple[object, ...]]:
    return [(one.label, one.count, one.total, round(one.distance, 4)) for one in found]  # type: ignore[attr-defined]


def harmless(cell: object) -> object:
    """A spreadsheet would carry out a cell that begins like a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" else cell
