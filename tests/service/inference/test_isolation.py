"""A clip's own process has little to harm: bounded memory and time, no secrets, no network, nothing left behind."""

import asyncio
import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from branches.media.network import without_network
from service.inference.isolation import (
    PREFIX,
    ChildLimits,
    PrivateFolder,
    allow_processor_time,
    environment_of_child,
    restrict,
)
from service.inference.process import InferenceCrashedError, InferenceProcess, Request
from service.settings import Settings


def test_child_is_given_no_secrets() -> None:
    given = {
        "PATH": "/bin",
        "CUDA_VISIBLE_DEVICES": "0",
        "VERICLIP_DATABASE_URL": "postgresql://u:hunter2@h/d",
        "AWS_SECRET_ACCESS_KEY": "hunter2",
        "PGPASSWORD": "hunter2",
    }
    assert environment_of_child(given, "/tmp/x", 2) == {
        "PATH": "/bin",
        "CUDA_VISIBLE_DEVICES": "0",
        "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64",
        "TMPDIR": "/tmp/x",
        "OMP_NUM_THREADS": "2",
    }


def test_an_operator_may_keep_more_kernels() -> None:
    given = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "256"}
    assert environment_of_child(given, "/tmp/x", 1)["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] == "256"


def test_folder_is_private_and_goes_with_its_contents() -> None:
    folder = PrivateFolder()
    Path(folder.path, "frames.rgb").write_bytes(b"x")
    assert Path(folder.path).stat().st_mode & 0o777 == 0o700
    folder.remove()
    assert not Path(folder.path).exists()


def test_folder_of_a_killed_process_is_cleared_but_not_one_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    abandoned, young = tmp_path / f"{PREFIX}old", tmp_path / f"{PREFIX}young"
    for folder in (abandoned, young):
        folder.mkdir()
    used = PrivateFolder()
    for path in (abandoned, Path(used.path)):
        os.utime(path, (1, 1))
    other = PrivateFolder()
    assert not abandoned.exists()
    assert young.exists()
    assert Path(used.path).exists()
    used.remove()
    other.remove()


def limited(script: str, limits: ChildLimits, **options: float) -> "subprocess.CompletedProcess[str]":
    """Run a script that begins once its input ends, and by then is limited."""
    child = subprocess.Popen(
        [sys.executable, "-c", f"import os, sys; sys.stdin.read()\n{script}"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with child:
        restrict(child.pid, limits)
        if "seconds" in options:
            allow_processor_time(child.pid, options["seconds"])
        _, said = child.communicate()
    return subprocess.CompletedProcess([], child.returncode, "", said)


def test_memory_is_bounded() -> None:
    ended = limited("blocks = []\nwhile True: blocks.append(bytearray(2**24))", ChildLimits(memory_bytes=2**29))
    assert ended.returncode != 0
    assert "MemoryError" in ended.stderr


def test_files_are_bounded(tmp_path: Path) -> None:
    script = f"with open({str(tmp_path / 'big')!r}, 'wb') as file: file.write(bytes(2000))"
    assert "File too large" in limited(script, ChildLimits(file_bytes=1000)).stderr


def test_open_files_are_bounded() -> None:
    script = "held = [os.open('/dev/null', os.O_RDONLY) for _ in range(200)]"
    assert "Too many open files" in limited(script, ChildLimits(open_files=100)).stderr


def test_processor_time_is_bounded() -> None:
    assert limited("while True: pass", ChildLimits(), seconds=0.5).returncode == -signal.SIGXCPU


def test_limits_are_only_ever_lowered() -> None:
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    with child:
        restrict(child.pid, ChildLimits(open_files=50))
        restrict(child.pid, ChildLimits(open_files=100))
        assert resource.prlimit(child.pid, resource.RLIMIT_NOFILE) == (50, 50)
        child.communicate()


def inference_process() -> psutil.Process:
    """The one that this test started."""
    (found,) = [child for child in psutil.Process().children() if "service.inference.main" in child.cmdline()]
    return found


def squeeze(process: psutil.Process, left_mib: int) -> None:
    """Leave a process so much more memory than it uses now."""
    used = re.search(r"VmData:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert used is not None
    bound = int(used[1]) * 1024 + left_mib * 2**20
    resource.prlimit(process.pid, resource.RLIMIT_DATA, (bound, bound))


async def crash_and_go_on(clip: Path, left_mib: int) -> tuple[str, list[str], bool]:
    """Have a clip meet the memory limit, then be analysed by a new process; gives its result, folders, network."""

    async def ignore(stage: str, percent: int) -> None:
        del stage, percent

    inference = InferenceProcess(Settings().inference(1))
    try:
        await inference.start()
        first = inference_process()
        own_network = Path(f"/proc/{first.pid}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()
        folders = [first.environ()["TMPDIR"]]
        assert not [name for name in first.environ() if name.startswith(("VERICLIP", "AWS", "PG"))]
        squeeze(first, left_mib)
        with pytest.raises(InferenceCrashedError):
            await inference.analyze(Request(clip), ignore)
        result = await inference.analyze(Request(clip), ignore)
        folders.append(inference_process().environ()["TMPDIR"])
        return result, folders, own_network
    finally:
        await inference.close()


@pytest.mark.parametrize("left_mib", [8, 32], ids=["while it is read", "while it is judged"])
def test_clip_that_meets_the_memory_limit_takes_only_its_process_down(
    face_clip: Path, monkeypatch: pytest.MonkeyPatch, left_mib: int
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    result, folders, own_network = asyncio.run(crash_and_go_on(face_clip, left_mib))
    assert '"verdict"' in result
    assert folders[0] != folders[1]
    assert not any(Path(folder).exists() for folder in folders)
    assert own_network == bool(without_network())
