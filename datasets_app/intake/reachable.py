"""Which addresses of the network an import may ask: public ones, and those that the administrator listed."""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from django.conf import settings

from datasets_app.media.sniff import Refused

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], list[str]]

OFF = (
    "Addresses are not fetched here: download the file first, or let an administrator set IMPORT_URLS or "
    "IMPORT_URL_ALLOW."
)
GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
# Within it, what leads to an IPv4 address: 6to4 and Teredo.
TUNNELS = (ipaddress.IPv6Network("2002::/16"), ipaddress.IPv6Network("2001::/32"))
# Public by their number, but not somebody's: the 6to4 relays, and the service address inside Azure's machines.
NOBODYS = (ipaddress.IPv4Network("192.88.99.0/24"), ipaddress.IPv4Network("168.63.129.16/32"))


@dataclass(frozen=True)
class Allowed:
    """What may be asked: every public address or only what is listed, by name or by network."""

    public: bool
    hosts: frozenset[str]
    networks: tuple[Network, ...]

    @classmethod
    def from_settings(cls) -> Self:
        """As `IMPORT_URLS` and `IMPORT_URL_ALLOW` say. Raises `Refused` where nothing is to be fetched."""
        hosts, networks = read_allow_list(settings.IMPORT_URL_ALLOW)
        if not (settings.IMPORT_URLS or hosts or networks):
            raise Refused(OFF)
        return cls(settings.IMPORT_URLS, hosts, networks)

    def permits(self, host: str, address: str) -> bool:
        """Whether this address of this host may be connected to."""
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return False
        if host in self.hosts or any(ip in network for network in self.networks):
            return True
        return self.public and is_public(ip)


def read_allow_list(entries: list[str]) -> tuple[frozenset[str], tuple[Network, ...]]:
    """Host names and networks of the setting; what reads as an address or network is one. Raises `Refused`."""
    hosts, networks = set(), []
    for entry in filter(None, (entry.strip().lower() for entry in entries)):
        try:
            networks.append(ipaddress.ip_network(entry.strip("[]"), strict=False))
        except ValueError:
            if "/" in entry or ":" in entry:
                raise Refused(f"IMPORT_URL_ALLOW is wrong: {entry!r} is no host name and no network.") from None
            hosts.add(entry.rstrip("."))
    return frozenset(hosts), tuple(networks)


def is_public(ip: IP) -> bool:
    """Whether an address is somebody's on the open internet, and leads nowhere else."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not ip.is_multicast and not any(ip in network for network in NOBODYS)
    return ip in GLOBAL_IPV6 and ip.is_global and not any(ip in tunnel for tunnel in TUNNELS)


def reachable(host: str, port: int, allowed: Allowed, find: Resolve) -> list[str]:
    """The addresses of a host, resolved once, all of which may be connected to. Raises `Refused`."""
    host = host.lower().rstrip(".")
    addresses = find(host, port)
    if not addresses:
        raise Refused("There is no server of this name.")
    if not all(allowed.permits(host, address) for address in addresses):
        raise Refused("The address leads to a network that is not to be asked from here.")
    return addresses


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a host name or number, as the system finds them; none where it does not."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
