"""A real service with keys and a password: it tells nobody its secrets, and outlives a disk that is full."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

from tests.service.running import RunningService

pytestmark = pytest.mark.xdist_group("service")

PASSWORD = "correct-horse-battery"
WEBHOOK_SECRET = "whsec_c3RhcGxlLXN0YXBsZS1zdGFwbGU="


@pytest.fixture(scope="module")
def database_url(postgres: str) -> str:
    """The database by an address with a password, which the embedded server does not ask for."""
    socket_folder = dict(pair.split("=", 1) for pair in postgres.split())["host"].strip("'")
    return f"postgresql://postgres:{PASSWORD}@/postgres?host={quote(socket_folder, safe='')}"


@pytest.fixture(scope="module")
def guarded(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service without workers that wants keys and writes down all it can."""
    settings = {
        "workers": 0,
        "require_keys": True,
        "database_url": database_url,
        "webhook_secret": WEBHOOK_SECRET,
        "log_level": "DEBUG",
        "min_free_bytes": 0,
    }
    with RunningService(tmp_path_factory.mktemp("guarded"), **settings) as running:
        yield running


@pytest.fixture(scope="module")
def key(database_url: str) -> str:
    """Made with the command, as an operator does."""
    made = keys_command(database_url, "create", "--label", "test", "--scope", "analyze", "--scope", "read", "--json")
    token: str = json.loads(made.stdout)["key"]
    assert token not in made.stderr
    return token


def keys_command(database_url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `vericlip keys`."""
    environment = {**os.environ, "VERICLIP_DATABASE_URL": database_url}
    command = [sys.executable, "-m", "service.cli", "keys", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)


def test_full_disk_is_answered_with_507_and_leaves_nothing(guarded: RunningService, key: str) -> None:
    server = guarded.process
    unlimited = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    headers = {"Authorization": f"Bearer {key}"}
    clip = {"file": ("clip.mp4", os.urandom(3_000_000))}
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1_000_000, unlimited[1]))
    refused = guarded.http.post("/analyze", files=clip, headers=headers)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, unlimited)
    assert refused.status_code == 507
    assert refused.json()["code"] == "insufficient_storage"
    assert guarded.media() == []
    accepted = guarded.http.post("/analyze", files=clip, headers=headers)
    assert accepted.status_code == 202
    assert guarded.http.delete(f"/analyze/{accepted.json()['analysisId']}", headers=headers).status_code == 200


def test_key_is_listed_without_its_secret_and_revoked(database_url: str, guarded: RunningService) -> None:
    made = json.loads(keys_command(database_url, "create", "--label", "brief", "--json").stdout)
    headers = {"X-API-Key": made["key"]}
    assert guarded.http.get("/analyses", headers=headers).status_code == 200
    listed = keys_command(database_url, "list", "--json").stdout
    assert made["id"] in listed
    assert _secret(made["key"]) not in listed
    keys_command(database_url, "revoke", made["id"])
    assert guarded.http.get("/analyses", headers=headers).status_code == 401


def test_no_secret_reaches_logs_or_command_lines(guarded: RunningService, key: str) -> None:
    tampered = key[:-4] + "AAAA"
    called_back = "https://example.org/hook?token=tell-nobody"
    for headers in ({"Authorization": f"Bearer {key}"}, {"X-API-Key": tampered}, {"Authorization": key}):
        guarded.http.get("/analyses", headers=headers)
        guarded.http.get("/status/none-such", headers=headers)
        guarded.http.post("/analyze", params={"callback_url": called_back}, files={"file": b"x"}, headers=headers)
    _break_a_connection(guarded, key)
    secrets = [PASSWORD, WEBHOOK_SECRET, _secret(key), _secret(tampered), "tell-nobody"]
    written = guarded.log.read_text()
    assert "/analyses" in written
    assert "requests need an API key, and there is none" in written
    command_lines = [" ".join(process.cmdline()) for process in guarded.family()]
    for secret in secrets:
        assert secret not in written
        assert not [line for line in command_lines if secret in line]


@pytest.mark.parametrize("style", ["json", "text"])
def test_tracebacks_tell_lines_and_no_values(style: str) -> None:
    code = (
        "import logging; from service import logs\n"
        f"logs.configure('DEBUG', '{style}')\n"
        "def connect(password): raise ValueError('refused')\n"
        "try: connect('hun' + 'ter2')\n"
        "except ValueError: logging.getLogger('service').exception('no connection')\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr
    assert "no connection" in said
    assert "refused" in said
    assert "hunter2" not in said


def _secret(token: str) -> str:
    """What follows kind and id in a token; it may hold underscores of its own."""
    return token.split("_", 2)[2]


def _break_a_connection(service: RunningService, key: str) -> None:
    """An upload that ends in its middle."""

    def body() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nhalf'
        raise InterruptedError

    headers = {"Authorization": f"Bearer {key}", "Content-Type": "multipart/form-data; boundary=x"}
    with pytest.raises((InterruptedError, httpx.HTTPError)):
        service.http.post("/analyze", content=body(), headers=headers)
