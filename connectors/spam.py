"""What the mail server already said about a mail: is it spam? Pure; the server's word, never a guess of ours."""

import re
from collections.abc import Mapping

YES = re.compile(r"^\s*(yes|true|1)\b", re.IGNORECASE)
LEVEL = 5  # stars of X-Spam-Level, and of Microsoft's spam confidence level


def taken_for_spam(headers: Mapping[str, str], authserv_id: str = "") -> str:
    """Why, in words; "" where the server did not say so. `headers` by lower-case name.

    Authentication-Results counts only from the server that the settings trust (RFC 8601, 7.1).
    """
    for name in ("x-spam-flag", "x-spam-status", "x-spam"):
        if YES.match(headers.get(name, "")):
            return f"the mail server says so ({name.title()})"
    if len(re.match(r"\**", headers.get("x-spam-level", "").strip())[0]) >= LEVEL:  # type: ignore[index]
        return "the mail server gives it a high score (X-Spam-Level)"
    level = re.search(r"-?\d+", headers.get("x-ms-exchange-organization-scl", ""))
    if level and int(level[0]) >= LEVEL:
        return "the mail server gives it a high score (SCL)"
    results = headers.get("authentication-results", "")
    if authserv_id and results.split(";")[0].split()[:1] == [authserv_id]:
        failed = re.search(r"\bdmarc=fail\b", results, re.IGNORECASE)
        if failed:
            return "its sender is forged: it fails the checks of the domain that it names (DMARC)"
    return ""
