"""Names of uploaded files are harmless in headers and on disk."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.downloads import disposition, kind_of


@pytest.mark.parametrize(
    ("container", "media_type", "ending"),
    [
        ("mov,mp4,m4a,3gp,3g2,mj2", "video/mp4", ".mp4"),
        ("matroska,webm", "video/webm", ".webm"),
        ("avi", "video/x-msvideo", ".avi"),
        ("html", "application/octet-stream", ".bin"),
        (None, "application/octet-stream", ".bin"),
    ],
)
def test_the_type_follows_from_the_container_not_from_the_name(
    container: str | None, media_type: str, ending: str
) -> None:
    assert kind_of(container) == (media_type, ending)


def test_a_page_is_never_called_a_page() -> None:
    assert disposition("evil.html", ".mp4", inline=True).endswith("filename*=UTF-8''evil.mp4")


def test_names_in_other_scripts_are_kept() -> None:
    header = disposition("видео 你好.mov", ".mp4", inline=False)
    assert header.startswith('attachment; filename="')
    assert header.endswith("%D0%B2%D0%B8%D0%B4%D0%B5%D0%BE%20%E4%BD%A0%E5%A5%BD.mp4")


@given(st.text(max_size=300))
def test_no_name_breaks_out_of_its_header(name: str) -> None:
    header = disposition(name, ".mp4", inline=True)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    plain = header.split('"')[1]
    assert plain.endswith(".mp4")
    assert not set(plain) & set("/\\:*?<>|")
