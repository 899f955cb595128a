"""The program of an inference process: reads requests from standard input, writes progress and results."""

import json
import logging
import os
import shutil
import sys
from contextlib import suppress
from dataclasses import asdict, fields, replace
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from time import perf_counter
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import psutil

from service import logs

if TYPE_CHECKING:
    from fusion.detector import Detector
    from fusion.steps import StepEvent
    from fusion.verdict import Verdict

OUT_OF_MEMORY: Final = 70
"""Exit status of a process that met its memory limit."""

OOM_SCORE: Final = 500
"""Makes the kernel choose this process, and not the service, when memory runs out."""

log = logging.getLogger("service.inference.main")


class Channel:
    """Standard output, kept for messages; whatever libraries print goes to standard error."""

    def __init__(self) -> None:
        self._file: BinaryIO = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        self._last: tuple[str, int] | None = None

    def send(self, kind: str, **content: Any) -> None:
        """Write one message."""
        self._file.write(json.dumps({"kind": kind, **content}, allow_nan=False).encode() + b"\n")
        self._file.flush()

    def step(self, event: "StepEvent") -> None:
        """Write that a step began or ended."""
        self.send("step", **asdict(event))

    def progress(self, stage: str, percent: int) -> None:
        """Write progress, if it is news."""
        if (stage, percent) != self._last:
            self._last = (stage, percent)
            self.send("progress", stage=str(stage), percent=int(percent))


def main() -> None:
    """Load the detector, then serve requests until the input ends."""
    options = json.loads(sys.argv[1])
    logs.configure(options["log_level"], options["log_format"])
    channel = Channel()
    requests: SimpleQueue[dict[str, Any]] = SimpleQueue()
    Thread(target=_read_requests, args=(requests, options["scratch"]), daemon=True).start()
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))
    try:
        detector = _load(options)
        if options["warm_up"]:
            _warm_up(detector, Path(options["scratch"]))
    except Exception as error:
        log.exception("the detector is not fit for work")
        channel.send("failure", code="models_unavailable", detail=f"the detector is not fit for work: {error}")
        return
    channel.send("ready", versions=detector.versions)
    while True:
        request = requests.get()
        with logs.about(request["analysis_id"]):
            _serve(detector, request, channel)


def _load(options: dict[str, Any]) -> "Detector":
    # Imported here: the parent must see a failing import as a message, and the reader thread must run by then.
    import torch  # noqa: PLC0415

    from fusion.detector import Detector, DetectorSettings  # noqa: PLC0415
    from fusion.placement import PlacedStore, resolve  # noqa: PLC0415

    torch.set_num_threads(options["threads"])
    chosen = {field.name: options[field.name] for field in fields(DetectorSettings) if field.name in options}
    return Detector.load(PlacedStore(resolve(options["device"])), DetectorSettings(**chosen))


def _warm_up(detector: "Detector", folder: Path) -> None:
    from service.inference.warm_up import warm_up  # noqa: PLC0415

    warm_up(detector, folder)


def _serve(detector: "Detector", request: dict[str, Any], channel: Channel) -> None:
    from branches.types import MediaError  # noqa: PLC0415
    from service.contract.schemas import Result  # noqa: PLC0415

    try:
        result = Result.from_verdict(_judge(detector, request, channel)).model_dump_json()
    except Exception as error:
        if _out_of_memory(error):
            # What is left of this process is not fit for another clip, nor to say that one is broken; the worker
            # starts a new one.
            log.exception("analysis ran out of memory")
            os._exit(OUT_OF_MEMORY)
        if isinstance(error, MediaError):
            channel.send("failure", code=error.code, detail=str(error))
            return
        log.exception("analysis failed")
        detail = "The analysis broke on our side; the log of the service says what."
        channel.send("failure", code="internal_error", detail=detail)
    else:
        channel.send("result", result=result)


def _out_of_memory(error: Exception) -> bool:
    """Whether Python, PyTorch or OpenCV was given no more memory; the last two have no own type for that."""
    from branches.media.memory import memory_is_short  # noqa: PLC0415

    return isinstance(error, MemoryError) or memory_is_short()


def _judge(detector: "Detector", request: dict[str, Any], channel: Channel) -> "Verdict":
    """The verdict about one clip; artefacts of its evidence go out before it, if they are wanted."""
    from service.evidence.making import make_artefacts  # noqa: PLC0415
    from service.evidence.transfer import message_of  # noqa: PLC0415

    how: Any = {name: request[name] for name in ("gate", "scan")}
    how |= {"progress": channel.progress, "on_step": channel.step}
    if not request["draw"]:
        return detector.analyze(Path(request["path"]), **how)
    examination = detector.examine(Path(request["path"]), **how)
    started = perf_counter()
    for artefact in make_artefacts(examination, detector.branches):
        channel.send("artefact", artefact=message_of(artefact))
    verdict = examination.verdict
    return replace(verdict, timings_s={**verdict.timings_s, "evidence": round(perf_counter() - started, 4)})


def _read_requests(requests: "SimpleQueue[dict[str, Any]]", scratch: str) -> None:
    """Pass requests on; when the input ends, the parent is gone, and so is this process with its decoders."""
    for line in sys.stdin.buffer:
        requests.put(json.loads(line))
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            child.kill()
    shutil.rmtree(scratch, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    main()
