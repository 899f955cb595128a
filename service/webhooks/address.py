"""Which addresses may be called: public ones, and networks that the operator allows by name."""

import asyncio
import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import httpx

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL: Final = 2000
NAT64: Final = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
"""IPv6 that a gateway turns into any IPv4 address, private ones too."""


class AddressRefusedError(Exception):
    """This address will never be called; the text says why."""


def parse_url(url: str) -> httpx.URL:
    """An absolute http or https URL without credentials.

    Raises:
        AddressRefusedError: it is something else.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise AddressRefusedError(f"not a URL: {error}") from error
    if len(url) > MAX_URL or parsed.scheme not in {"http", "https"} or not parsed.host:
        raise AddressRefusedError(f"give an absolute http or https URL of at most {MAX_URL} characters")
    if parsed.userinfo:
        raise AddressRefusedError("a URL must not hold a user name or password")
    return parsed


def parse_networks(text: str) -> tuple[Network, ...]:
    """Networks in CIDR notation, separated by commas.

    Raises:
        ValueError: one is not such.
    """
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def is_public(address: Address) -> bool:
    """Whether anyone on the internet could reach it: global, unicast, and no disguise of an IPv4 address."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.sixtofour or address.teredo or any(address in network for network in NAT64):
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def check_literal(url: httpx.URL, allowed: Sequence[Network]) -> None:
    """Refuse at once what needs no DNS to be refused.

    Raises:
        AddressRefusedError: the host is an address that may not be called.
    """
    try:
        literal = ip_address(url.host)
    except ValueError:
        return
    _check([literal], allowed)


async def resolve(url: httpx.URL, allowed: Sequence[Network]) -> str:
    """The address to connect to; the connection must use this very one, as a second look-up may differ.

    Raises:
        AddressRefusedError: the host has an address that may not be called, be it one of several.
        OSError: the host has none.
    """
    port = url.port or (443 if url.scheme == "https" else 80)
    found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    addresses = [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    _check(addresses, allowed)
    return str(addresses[0])


def _check(addresses: Iterable[Address], allowed: Sequence[Network]) -> None:
    for address in addresses:
        if not is_public(address) and not any(address in network for network in allowed):
            raise AddressRefusedError(f"{address} is not a public address")
