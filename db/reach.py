"""Which addresses a form may make this program call: never into the own network, except where the settings say so.

A webhook or a page to be read is an address that somebody typed; behind a name may stand the router, the database or a
cloud's metadata. The name is looked up once, and the connection goes to the address that was judged.
"""

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

LONGEST = 2000
CARRYING = [ipaddress.ip_network(one) for one in ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")]
OWN_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")
PORTS = {"http": 80, "https": 443}


class OutOfReach(Exception):
    """The address will not be called; the message says why and what would allow it."""


@dataclass(frozen=True)
class Reachable:
    """Where to connect: `address` is the judged IP of `host`."""

    scheme: str
    host: str
    port: int
    address: str
    path: str

    @property
    def url(self) -> str:
        """The address in numbers, so that nothing is looked up again."""
        shown = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.scheme}://{shown}:{self.port}{self.path}"

    @property
    def netloc(self) -> str:
        """The name as the other side knows it, for the Host header."""
        named = f"[{self.host}]" if ":" in self.host else self.host
        return named if PORTS[self.scheme] == self.port else f"{named}:{self.port}"


def reach(url: str, allowed: Sequence[str] = ()) -> Reachable:
    """Judge an address. `allowed`: names, IPs and networks inside that may be called. Raise OutOfReach."""
    if len(url) > LONGEST or any(ord(letter) <= 32 or ord(letter) == 127 for letter in url.strip()):
        raise OutOfReach(f"An address has no spaces in it and at most {LONGEST} characters.")
    try:
        parts = urlsplit(url.strip())
        port = parts.port or PORTS[parts.scheme]
        host = named_in_ascii((parts.hostname or "").rstrip("."))
    except (KeyError, ValueError) as error:
        raise OutOfReach("An address begins with https:// or http:// and names a host.") from error
    if not host or parts.username or parts.password:
        raise OutOfReach("An address names a host, and carries neither user name nor password.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    for address in looked_up(host, port):
        if may_call(host, address, allowed):
            return Reachable(parts.scheme, host, port, address, path)
    raise OutOfReach(f"{host} is inside the own network. An operator can allow it: LAN_ALLOW={host}")


def named_in_ascii(host: str) -> str:
    """As it goes over the wire: münchen.example is xn--mnchen-3ya.example (IDNA). Raise ValueError."""
    return host if host.isascii() else host.encode("idna").decode("ascii")


def looked_up(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OutOfReach(f"{host} cannot be found: {error}.") from error
    return [str(one[4][0]).partition("%")[0] for one in found]


def may_call(host: str, address: str, allowed: Sequence[str]) -> bool:
    ip = ipaddress.ip_address(address)
    inner = carried_in(ip) if isinstance(ip, ipaddress.IPv6Address) else ip
    if inner.is_global and not inner.is_multicast and not is_special(inner):
        return True
    return any(host.lower() == one.lower() or is_within(inner, one) for one in allowed)


def carried_in(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one stands for: mapped, compatible, translated, 6to4 (RFC 3056) or NAT64 (RFC 6052)."""
    if any(ip in network for network in CARRYING):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def is_special(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Global by the letter, and yet somebody's own: site-local addresses, and NAT64 of a site (RFC 8215)."""
    return isinstance(ip, ipaddress.IPv6Address) and (ip.is_site_local or ip in OWN_NAT64)


def is_within(ip: ipaddress.IPv4Address | ipaddress.IPv6Address, network: str) -> bool:
    try:
        return ip in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
