"""Whatever text or bytes come in, a parser gives a value of its kind or its own error, and never anything else."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

import pytest
from fastapi import Request
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from branches.media.limits import MediaLimits
from branches.media.probe import probe
from branches.types import MediaError
from models.store import MANIFEST_NAME, ArtefactError, ModelStore
from service.access.keys import TOKEN
from service.api.ranges import stored_file
from service.api.routes.events import event_number
from service.api.routes.waiting import asked_to_wait_s
from service.contract.problems import ProblemError
from service.jobs.listing import make_cursor, read_cursor
from service.media.storage import MediaStore
from service.settings import PREFIX, Settings

SIGNATURES = [
    b"\0\0\0\x18ftypisom",
    b"\x1aE\xdf\xa3",
    b"RIFF\xff\xff\0\0AVI LIST",
    b"FLV\x01\x05\0\0\0\x09",
    b"\0\0\x01\xba",
    b"G@\0\x10",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@contextmanager
def only(*codes: str) -> Iterator[None]:
    """Let pass what is refused with one of these codes, and nothing else."""
    try:
        yield
    except ProblemError as problem:
        if problem.details.code not in codes:
            raise
    except MediaError as problem:
        if problem.code not in codes:
            raise


@given(st.sampled_from(sorted(Settings.model_fields)), st.text(st.characters(exclude_characters="\0", codec="utf-8")))
@example("port", "٣")
@example("max_upload_bytes", "9" * 5_000)
@example("host", "127.0.0.1%lo")
def test_settings(name: str, value: str) -> None:
    variable = PREFIX + name.upper()
    os.environ[variable] = value
    try:
        with suppress(ValidationError):
            assert isinstance(Settings().keys_required, bool)
    finally:
        del os.environ[variable]


@given(st.text())
@example("vc_" + "0" * 12 + "_" + "A" * 43 + "\n")
def test_tokens_of_keys(token: str) -> None:
    match = TOKEN.fullmatch(token)
    assert match is None or (token.isascii() and len(token) == 59)


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
@example("MHww")
def test_cursors(cursor: str) -> None:
    with only("invalid_request"):
        moment, analysis_id = read_cursor(cursor)
        assert isinstance(moment, datetime)
        assert isinstance(analysis_id, UUID)


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_cursor_leads_back_to_its_row(moment: datetime, analysis_id: UUID) -> None:
    row = {"submitted_at": moment, "analysis_id": analysis_id}
    assert read_cursor(make_cursor(row)) == (moment, analysis_id)


@given(st.none() | st.text() | st.integers().map(str))
@example("9" * 5_000)
@example("٣")
def test_ids_of_events(sent: str | None) -> None:
    number = event_number(sent)
    assert number is None or number >= 0


@given(st.none() | st.lists(st.text() | st.integers().map(lambda seconds: f"wait={seconds}"), max_size=4))
@example(["wait=" + "9" * 5_000])
@example(["respond-async, wait=5"])
def test_preferences(sent: list[str] | None) -> None:
    asked = asked_to_wait_s(sent)
    assert asked is None or asked >= 0


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[MediaStore, UUID]:
    """A store with one file of ten bytes."""
    store, analysis_id = MediaStore(tmp_path_factory.mktemp("ranges") / "media"), uuid4()
    store.prepare()
    writer = store.writer(10)
    writer.write(b"0123456789")
    writer.keep(analysis_id)
    return store, analysis_id


@given(
    asked=st.text(st.characters(codec="latin-1"))
    | st.from_regex(r"bytes=[0-9]{0,3}-[0-9]{0,20}(,[0-9]-)?", fullmatch=True)
)
@example(asked="bytes=-0")
@example(asked="bytes=5-2")
@example(asked="bytes=9-99999999999999999999")
def test_ranges(stored: tuple[MediaStore, UUID], asked: str) -> None:
    headers = [(b"range", asked.encode("latin-1"))]
    request = Request({"type": "http", "method": "HEAD", "path": "/", "query_string": b"", "headers": headers})
    with only("range_not_satisfiable"):
        answer = stored_file(request, *stored, None, {"Content-Type": "video/mp4"})
        assert answer.status_code in {200, 206}
        assert 1 <= int(answer.headers["content-length"]) <= 10


@given(st.binary(max_size=64) | JSON.map(lambda value: json.dumps(value).encode()))
@example(b'{"artefacts": [{}]}')
def test_manifests(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / MANIFEST_NAME).write_bytes(content)
        with suppress(ArtefactError):
            assert isinstance(ModelStore(Path(folder)).artefacts(), dict)


@settings(deadline=None, max_examples=60)
@given(st.builds(bytes.__add__, st.sampled_from([b"", *SIGNATURES]), st.binary(max_size=400)))
def test_files(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "clip"
        path.write_bytes(content)
        with only("unsupported_media", "media_corrupt", "no_video_stream", "too_large", "too_long"):
            assert probe(path, MediaLimits()).clip.width > 0
