"""A program that runs too long, uses too much, or is no longer wanted, is dead when the call returns."""

import os
import signal
import socket
import sys
from pathlib import Path

import psutil
import pytest

from branches.media.limits import MediaLimits
from branches.media.network import is_cut_off, without_network
from branches.media.tools import find_ffmpeg, log_tail, run_limited
from branches.types import MediaError

ENDLESS = ("-nostdin", "-f", "lavfi", "-i", "testsrc2=s=640x480:r=25")


def test_time_limit_kills(tmp_path: Path) -> None:
    limits = MediaLimits(decode_timeout_s=0.5)

    with pytest.raises(MediaError, match="longer than") as refusal:
        run_limited([find_ffmpeg(), *ENDLESS, "-f", "null", "-"], limits, tmp_path / "ffmpeg.log")

    assert refusal.value.code == "too_large"


def test_children_die_too(tmp_path: Path) -> None:
    note = tmp_path / "child.pid"
    script = (
        "import pathlib, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'while True: input()'], stdin=subprocess.PIPE)\n"
        "pathlib.Path(sys.argv[1]).write_text(str(child.pid))\n"
        "child.wait()"
    )

    def stop_once_noted() -> None:
        if note.exists() and note.read_text():
            raise InterruptedError

    with pytest.raises(InterruptedError):
        run_limited([sys.executable, "-c", script, str(note)], MediaLimits(), tmp_path / "log", stop_once_noted)

    child = int(note.read_text())
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        os.sched_yield()  # until the kernel is done; the test's own time limit bounds it


def test_memory_limit_stops_a_greedy_program(tmp_path: Path) -> None:
    script = "blocks = []\nwhile True: blocks.append(bytearray(2**26))"

    assert run_limited([sys.executable, "-c", script], MediaLimits(memory_bytes=2**30), tmp_path / "log") != 0
    assert "MemoryError" in log_tail(tmp_path / "log")


def test_processor_time_limit_stops_a_busy_program(tmp_path: Path) -> None:
    status = run_limited([sys.executable, "-c", "while True: pass"], MediaLimits(cpu_s=1), tmp_path / "log")

    assert status in (-signal.SIGXCPU, -signal.SIGKILL)


def test_written_files_are_bounded(tmp_path: Path) -> None:
    limits = MediaLimits(scratch_bytes=2_000_000)
    output = tmp_path / "frames.rgb"

    status = run_limited(
        [find_ffmpeg(), *ENDLESS, "-t", "60", "-f", "rawvideo", str(output)], limits, tmp_path / "ffmpeg.log"
    )

    assert status != 0
    assert output.stat().st_size <= 2_000_000


def test_what_it_says_is_kept_short(tmp_path: Path) -> None:
    script = "import sys; [print('line', i, file=sys.stderr) for i in range(10_000)]"

    assert run_limited([sys.executable, "-c", script], MediaLimits(), tmp_path / "log") == 0
    assert log_tail(tmp_path / "log").endswith("line 9999")
    assert len(log_tail(tmp_path / "log")) <= 2_000


def test_secrets_of_this_process_are_not_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERICLIP_DATABASE_URL", "postgresql://u:hunter2@h/d")
    script = "import os, sys; print(sorted(os.environ), file=sys.stderr)"

    assert run_limited([sys.executable, "-c", script], MediaLimits(), tmp_path / "log") == 0
    assert "PATH" in log_tail(tmp_path / "log")
    assert "VERICLIP" not in log_tail(tmp_path / "log")


def test_nothing_can_be_reached_where_the_kernel_allows_that(tmp_path: Path) -> None:
    script = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1]))).close()"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        status = run_limited([sys.executable, "-c", script, port], MediaLimits(), tmp_path / "log")

    assert (status != 0) == bool(without_network() or is_cut_off())


def test_open_files_are_bounded(tmp_path: Path) -> None:
    script = "import os; [os.open('/dev/null', os.O_RDONLY) for _ in range(100)]"

    assert run_limited([sys.executable, "-c", script], MediaLimits(open_files=64), tmp_path / "log") != 0
    assert "Too many open files" in log_tail(tmp_path / "log")
