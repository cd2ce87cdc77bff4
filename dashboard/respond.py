"""One shape for every answer: the page, or for htmx the whole page to pick a part from."""

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from dashboard.deps import House
from dashboard.frame import frame, setting


def page(request: Request, house: House, template: str, **values: object) -> Response:
    return house.templates.TemplateResponse(request, template, {**frame(request, house), **values})


def part(request: Request, house: House, template: str, **values: object) -> Response:
    """A fragment that nothing else of a page stands around."""
    return house.templates.TemplateResponse(request, template, {**setting(request, house), **values})


def see(request: Request, address: str) -> Response:
    """After a small change: the page again, of which htmx picks the part that it asked for."""
    return RedirectResponse(address, 303)


def go(request: Request, address: str) -> Response:
    """After a decision: htmx is told where to go, anyone else gets a 303."""
    if request.headers.get("hx-request"):
        return Response(status_code=204, headers={"HX-Location": address})
    return RedirectResponse(address, 303)
