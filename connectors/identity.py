"""Who really wrote a mail: what a trusted mail server says of it (RFC 8601), else what its own signature proves (DKIM).

A From line is text that anybody can write. It is proven only where a check of the very domain that it names passed.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email import policy
from email.message import Message
from email.parser import BytesHeaderParser
from functools import lru_cache
from typing import Literal

import authres
import dkim
import dns.exception
import dns.resolver
from publicsuffixlist import PublicSuffixList

Level = Literal["verified", "unverified", "contradicts"]
MICROSOFT = "microsoft365"  # its header has no authserv-id, which the standard demands; this name stands for it
MOST_SIGNATURES = 5
DNS_SECONDS = 3.0
SUFFIXES = PublicSuffixList()


@dataclass(frozen=True)
class Identity:
    """`level`: the domain in From is proven; or not; or a check says that it is forged. `words`: why, for people."""

    level: Level
    words: str


NOBODY_CHECKED = Identity("unverified", "nobody checked who sent it")
Lookup = Callable[[str], bytes | None]  # the TXT record of a name; None where there is none


def identity_of(raw: bytes, from_email: str, trusted: str = "", look_up: Lookup | None = None) -> Identity:
    """Of the one address in From. It never raises.

    `trusted`: the authserv-id of the server whose Authentication-Results count. `look_up`: asks the DNS for DKIM keys;
    None where that is not wanted.
    """
    if not from_email:
        return Identity("contradicts", "it does not name one sender")
    domain = from_email.rpartition("@")[2]
    message = BytesHeaderParser(policy=policy.compat32).parsebytes(raw[:1_000_000])
    found = from_server(message, domain, trusted) if trusted else None
    if found is None and look_up is not None:
        found = from_signatures(raw, message, domain, look_up)
    return found or NOBODY_CHECKED


def from_server(message: Message, domain: str, trusted: str) -> Identity | None:
    """What the topmost header of the trusted server says; None where there is none.

    Only the topmost counts: what stands below may have come with the mail (RFC 8601, 5).
    """
    for value in message.get_all("Authentication-Results", [])[:50]:
        stated = " ".join(str(value).split())
        if trusted == MICROSOFT and re.match(r"(spf|dkim|dmarc|compauth)\s*=", stated, re.IGNORECASE):
            stated = f"{MICROSOFT}; {stated}"
        if stated.partition(";")[0].split()[:1] == [trusted]:
            return judged(results_in(stated), domain, trusted)
        if trusted == MICROSOFT:
            return None
    return None


def results_in(stated: str) -> list[tuple[str, str, dict[str, str]]]:
    """Method, result and properties (`header.from`, `smtp.mailfrom`, `header.d` and so on) of each check."""
    without_remarks = re.sub(r"\([^()]*\)", "", stated)  # Microsoft's hold what the grammar does not allow
    without_remarks = re.sub(r";\s*(compauth|arc)=[^;]*|\s(action|reason)=\S+", "", without_remarks)
    try:
        parsed = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {without_remarks}")
    except (authres.AuthResError, AttributeError, ValueError, IndexError, TypeError):
        return []
    return [
        (one.method, str(one.result).lower(), {f"{p.type}.{p.name}".lower(): str(p.value) for p in one.properties})
        for one in parsed.results
    ]


def judged(results: Sequence[tuple[str, str, dict[str, str]]], domain: str, server: str) -> Identity:
    """DMARC where the server tested it, else DKIM and SPF in relaxed alignment (RFC 7489, 3.1)."""
    for method, result, said in results:
        if method == "dmarc" and said.get("header.from", domain).lower() == domain:
            if result == "pass":
                return Identity("verified", f"{domain} sent it, says {server} (DMARC)")
            if result == "fail":
                return Identity("contradicts", f"{domain} did not send it, says {server} (DMARC)")
    failed = False
    for method, result, said in results:
        if method == "dkim":
            named = said.get("header.d") or said.get("header.i", "").rpartition("@")[2]
        elif method == "spf":
            named = said.get("smtp.mailfrom", "").rpartition("@")[2]
        else:
            continue
        if are_aligned(named, domain):
            if result == "pass":
                return Identity("verified", f"{named} sent it, says {server} ({method.upper()})")
            failed = failed or result in ("fail", "hardfail", "permerror")
    if failed:
        return Identity("contradicts", f"{server} could not confirm that {domain} sent it")
    return Identity("unverified", f"{server} found nothing that proves {domain} as its sender")


def are_aligned(one: str, other: str) -> bool:
    """Whether two domains belong to one organisation."""
    return bool(one) and organisation(one) == organisation(other)


def organisation(domain: str) -> str:
    plain = domain.strip().rstrip(".").lower()
    return SUFFIXES.privatesuffix(plain) or plain


def from_signatures(raw: bytes, message: Message, domain: str, look_up: Lookup) -> Identity:
    """Check the DKIM signatures of the sender's own domain (RFC 6376). One that covers only a part of the body counts not."""
    stated = message.get_all("DKIM-Signature", [])[:MOST_SIGNATURES]
    signers = [tags_of(str(one)) for one in stated]
    own = [i for i, tags in enumerate(signers) if are_aligned(tags.get("d", ""), domain)]
    if not own:
        return Identity("unverified", f"it carries no signature of {domain}")
    for i in own:
        if "l" not in signers[i] and holds(raw, i, look_up):
            return Identity("verified", f"{signers[i]['d']} signed it (DKIM, checked here)")
    return Identity("unverified", f"its signature of {domain} does not hold, or the key could not be asked for")


def tags_of(signature: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in re.sub(r"\s+", "", signature).split(";"))
    return {name.lower(): value for name, _, value in pairs if name}


def holds(raw: bytes, index: int, look_up: Lookup) -> bool:
    try:
        checked = dkim.DKIM(raw)
        return bool(checked.verify(index, dnsfunc=lambda name, timeout=5: look_up(name.decode("ascii", "replace"))))
    except (dkim.DKIMException, dns.exception.DNSException, ValueError, KeyError, TypeError, IndexError, UnicodeError):
        return False


def asking(servers: str = "") -> Lookup:
    """Look-ups in the DNS, each name once. `servers`: `address:port` instead of the machine's own."""
    resolver = dns.resolver.Resolver(configure=not servers)
    if servers:
        address, _, port = servers.rpartition(":")
        resolver.nameservers, resolver.port = [address], int(port)
    resolver.lifetime = DNS_SECONDS

    @lru_cache(maxsize=1000)
    def look_up(name: str) -> bytes | None:
        try:
            answer = resolver.resolve(name, "TXT")
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        return b"".join(next(iter(answer)).strings)  # an error of the DNS is raised, and not remembered

    return look_up
