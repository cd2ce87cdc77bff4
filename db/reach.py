"""Which addresses a form may make this program call: never into the own network, except where the settings say so.

A webhook or a page to be read is an address that somebody typed; behind a name may stand the router, the database or a
cloud's metadata. The name is looked up once, and the connection goes to the address that was judged.
"""

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

NAT64 = ipaddress.ip_network("64:ff9b::/96")
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
    parts = urlsplit(url.strip())
    try:
        port = parts.port or PORTS[parts.scheme]
    except (KeyError, ValueError) as error:
        raise OutOfReach("An address begins with https:// or http:// and names a host.") from error
    host = (parts.hostname or "").rstrip(".")
    if not host or parts.username or parts.password:
        raise OutOfReach("An address names a host, and carries neither user name nor password.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    for address in looked_up(host, port):
        if may_call(host, address, allowed):
            return Reachable(parts.scheme, host, port, address, path)
    raise OutOfReach(f"{host} is inside the own network. An operator can allow it: LAN_ALLOW={host}")


def looked_up(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OutOfReach(f"{host} cannot be found: {error}.") from error
    return [str(one[4][0]).partition("%")[0] for one in found]


def may_call(host: str, address: str, allowed: Sequence[str]) -> bool:
    ip = ipaddress.ip_address(address)
    inner = carried_in(ip) if isinstance(ip, ipaddress.IPv6Address) else ip
    if inner.is_global and not inner.is_multicast:
        return True
    return any(host.lower() == one.lower() or is_within(inner, one) for one in allowed)


def carried_in(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one stands for: mapped, 6to4 (RFC 3056) or NAT64 (RFC 6052)."""
    if ip in NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def is_within(ip: ipaddress.IPv4Address | ipaddress.IPv6Address, network: str) -> bool:
    try:
        return ip in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
