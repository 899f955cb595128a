"""Nobody inside is called."""

import asyncio
from ipaddress import ip_address

import httpx
import pytest

from service.webhooks.address import (
    AddressRefusedError,
    check_literal,
    is_public,
    parse_networks,
    parse_url,
    resolve,
)

INSIDE = [
    "127.0.0.1",
    "127.8.9.10",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:224.0.0.1",
    "fe80::1",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
]
OUTSIDE = ["8.8.8.8", "1.1.1.1", "93.184.215.14", "::ffff:8.8.8.8", "2606:4700:4700::1111", "2001:4860:4860::8888"]


@pytest.mark.parametrize("address", INSIDE)
def test_inside_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_outside_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "ftp://example.org/",
        "file:///etc/passwd",
        "http://",
        "http:///path",
        "https://user:password@example.org/",
        "https://user@example.org/",
        "http://[::1",
        "https://example.org/" + "x" * 2000,
    ],
)
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(AddressRefusedError):
        parse_url(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:7f00:1]", "169.254.169.254", "10.1.2.3"])
def test_literal_inside_is_refused_without_looking_anything_up(host: str) -> None:
    with pytest.raises(AddressRefusedError, match="not a public address"):
        check_literal(parse_url(f"http://{host}:8080/hook"), ())


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.0.0.1", "017700000001", "localhost"])
def test_disguised_loopback_is_refused_once_it_is_resolved(host: str) -> None:
    """However it is spelt: the resolver decides what it means, and its answer is checked."""
    with pytest.raises((AddressRefusedError, OSError)):
        asyncio.run(resolve(httpx.URL(f"http://{host}/"), ()))


def test_allowed_networks_may_be_called() -> None:
    allowed = parse_networks("127.0.0.0/8, ::1/128")
    url = parse_url("http://127.0.0.1:9/hook")
    check_literal(url, allowed)
    assert asyncio.run(resolve(url, allowed)) == "127.0.0.1"
    with pytest.raises(AddressRefusedError):
        check_literal(parse_url("http://10.0.0.1/"), allowed)


def test_networks_are_read_from_a_list() -> None:
    assert parse_networks("") == ()
    assert [str(network) for network in parse_networks("10.0.0.0/8,fd00::/8")] == ["10.0.0.0/8", "fd00::/8"]
    with pytest.raises(ValueError, match="10"):
        parse_networks("10.0.0.0/99")
