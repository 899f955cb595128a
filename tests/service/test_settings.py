"""Settings come from the environment and travel to child processes unchanged."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from service.settings import Settings


def test_binds_to_loopback_by_default() -> None:
    assert Settings().host == "127.0.0.1"


def test_reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERICLIP_PORT", "9000")
    monkeypatch.setenv("VERICLIP_DATA_DIR", "/srv/clips")
    assert Settings().port == 9000
    assert Settings().media_dir == Path("/srv/clips/media")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKERS", "-1"),
        ("QUEUES", "analyze,elsewhere"),
        ("QUEUES", ""),
        ("DEVICE", "abacus"),
        ("AUDIT_SHARE", "2"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_refuses_nonsense(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"VERICLIP_{name}", value)
    with pytest.raises(ValidationError):
        Settings()


def test_child_process_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings().replaced(port=8123, database_url="postgresql://u:secret@h/d", max_queue=None)
    for name, value in settings.as_environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


def test_password_of_the_database_is_not_shown() -> None:
    assert "hunter2" not in repr(Settings().replaced(database_url="postgresql://u:hunter2@h/d"))


def test_every_setting_is_explained() -> None:
    assert all(field.description for field in Settings.model_fields.values())
