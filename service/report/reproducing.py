"""The command that gives an analysis's numbers again."""

import re
import shlex

from service.contract.schemas import Result

PLAIN_NAME = re.compile(r"[\w.() +@=,-]{1,120}")
SOME_CLIP = "CLIP"


def command_lines(filename: str, result: Result) -> list[str]:
    """Check the file, then analyse it on one thread under the same settings. Names that could mislead are left out."""
    clip = f"./{filename}" if PLAIN_NAME.fullmatch(filename) and filename.strip(". ") else SOME_CLIP
    checked = shlex.quote(f"{result.clip.sha256}  {clip}")
    settings = {"VERICLIP_THREADS": "1"}
    if "gate_audio_guard" in result.options:
        settings["VERICLIP_GATE_AUDIO_GUARD"] = str(result.options["gate_audio_guard"]).lower()
    if "inconclusive_to" in result.thresholds:
        settings["VERICLIP_INCONCLUSIVE_BAND"] = f"{result.thresholds['inconclusive_to'] - 0.5:.6g}"
    flags = [] if result.options.get("gate", True) else ["--no-gate"]
    if result.options.get("scan", "windows") != "windows":
        flags += ["--scan", str(result.options["scan"])]
    environment = " ".join(f"{name}={value}" for name, value in settings.items())
    analysed = shlex.join(["vericlip", "analyze", "--json", *flags, clip])
    return [f"echo {checked} | sha256sum --check", f"{environment} {analysed}"]
