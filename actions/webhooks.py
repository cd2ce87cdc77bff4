"""Deliveries of webhooks over HTTP, signed as the Standard Webhooks specification says (version 1, symmetric).

https://www.standardwebhooks.com: HMAC-SHA256 over "id.timestamp.body", base64, after "v1,".
"""

import asyncio
import base64
import hmac
import time
from collections.abc import Sequence
from hashlib import sha256

import httpx

from db import webhooks
from db.models import Delivery
from db.reach import OutOfReach, Reachable, reach
from db.session import OpenSession
from db.vault import LostKey, Vault

SECONDS = 15.0  # for a whole exchange; less than the lease of a delivery
KEPT_OF_ANSWER = 300  # characters


def deliver_next(open_session: OpenSession, vault: Vault, allowed: Sequence[str]) -> bool:
    """Send one delivery, or turn news into deliveries. Return False when there is nothing to do."""
    if webhooks.gather_next(open_session):
        return True
    with open_session.reading() as session:
        if webhooks.due(session) is None:
            return False
    with open_session() as session:
        row = webhooks.claim(session)
        if row is None:
            return True  # another process was first
        url, secret = row.webhook.url, row.webhook.secret
    fine, said, is_gone = send(row, url, secret, vault, allowed)
    with open_session() as session:
        if fine:
            webhooks.taken(session, row.id, said)
        else:
            webhooks.failed(session, row.id, said, for_good=is_gone)
    return True


def send(row: Delivery, url: str, secret: str, vault: Vault, allowed: Sequence[str]) -> tuple[bool, str, bool]:
    """Whether it was taken, what was said, and whether the address is gone for good."""
    try:
        where, key = reach(url, allowed), str(vault.open(secret))
        status, reason, said = asyncio.run(exchange(where, row, key))
    except (OutOfReach, LostKey) as problem:
        return False, str(problem), False
    except TimeoutError:
        return False, f"No whole answer within {SECONDS:g} seconds.", False
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as problem:
        return False, f"{type(problem).__name__}: {cause_of(problem)}"[:KEPT_OF_ANSWER], False
    words = f"{status} {reason}: {said}".rstrip(": ").replace("\0", "")  # PostgreSQL keeps no NUL
    if httpx.codes.is_redirect(status):
        words += " A redirect is not followed: state the final address."
    return httpx.codes.is_success(status), words, status == httpx.codes.GONE


def cause_of(problem: BaseException) -> BaseException:
    """What the operating system said, below the words of the libraries."""
    while problem.__cause__ or problem.__context__:
        problem = problem.__cause__ or problem.__context__ or problem
    return problem


async def exchange(where: Reachable, row: Delivery, key: str) -> tuple[int, str, str]:
    """Status, its words, and how the answer begins; all of it within SECONDS, however slowly the other side drips. Raise TimeoutError."""
    request = httpx.Request(
        "POST",
        where.url,
        content=row.body.encode(),
        headers={
            "Host": where.netloc,
            "Content-Type": "application/json",
            "User-Agent": "Courtdesk",
            **signature(row.key, row.body, key),
        },
        extensions={"sni_hostname": where.host},
    )
    async with asyncio.timeout(SECONDS), httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:  # no proxy
        answer = await client.send(request, stream=True)
        said = b""
        async for part in answer.aiter_bytes():
            said += part
            if len(said) >= KEPT_OF_ANSWER:
                break
        await answer.aclose()
        return answer.status_code, answer.reason_phrase, said[:KEPT_OF_ANSWER].decode("utf-8", "replace")


def signature(key: str, body: str, secret: str) -> dict[str, str]:
    """The three headers with which the other side can check who sent it, and when."""
    at = str(int(time.time()))
    made = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), f"{key}.{at}.{body}".encode(), sha256)
    return {
        "webhook-id": key,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(made).decode()}",
    }
