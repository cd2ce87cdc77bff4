"""What every answer carries, and what every form must prove."""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from fastapi import HTTPException, Request

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
# Swagger UI styles itself; only its page may.
DOCS_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
SAFE = ("GET", "HEAD", "OPTIONS")


class Headers:
    """ASGI middleware: security headers on every answer, streams included."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        async def sealed(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                policy = DOCS_POLICY if scope["path"] == "/docs" else POLICY
                if all(name != b"content-security-policy" for name, _ in message["headers"]):  # a mail has its own
                    message["headers"].append((b"content-security-policy", policy.encode()))
                message["headers"] += [
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"same-origin"),
                ]
                if not scope["path"].startswith(("/static/", "/vendor/")):
                    in_advance = (b"hx-preloaded", b"true") in scope["headers"]  # a page that is about to be asked for
                    kept = b"private, max-age=5" if in_advance else b"no-store"
                    message["headers"].append((b"cache-control", kept))
            await send(message)

        await self.app(scope, receive, sealed if scope["type"] == "http" else send)


def same_site(request: Request) -> None:
    """Refuse a form that another site sent. Browsers say it in Sec-Fetch-Site, older ones in Origin."""
    if request.method in SAFE or request.headers.get("authorization"):
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    ours = (
        site in ("same-origin", "none")
        if site
        else bool(origin) and urlsplit(origin).netloc == request.headers.get("host")
    )
    if not ours:
        raise HTTPException(403, "This form was not sent from this site. Open the page again and repeat it.")
