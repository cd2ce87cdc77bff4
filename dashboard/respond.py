"""One shape for every answer: the page, or for htmx the whole page to pick a part from."""

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from dashboard.deps import House
from dashboard.views import frame


def page(request: Request, house: House, template: str, **values: object) -> Response:
    return house.templates.TemplateResponse(request, template, {**frame(request, house), **values})


def go(request: Request, address: str) -> Response:
    """After a decision: htmx is told where to go, anyone else gets a 303."""
    if request.headers.get("hx-request"):
        return Response(status_code=204, headers={"HX-Location": address})
    return RedirectResponse(address, 303)
