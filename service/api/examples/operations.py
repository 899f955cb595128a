"""Examples of what the service says about itself."""

from typing import Any, Final

ALIVE: Final = {"status": "ok"}
HEALTH: Final[dict[str, Any]] = {
    "status": "ok",
    "version": "1.0.0",
    "readyWorkers": 1,
    "queued": 3,
    "running": 1,
    "oldestQueuedS": 6.2,
    "drainedPerMinute": 24.0,
    "meanAnalysisS": 2.4,
    "verdicts": 1840,
    "earlyExitShare": 0.31,
    "inconclusiveShare": 0.06,
    "workers": [
        {"host": "worker-1", "device": "cpu", "memoryBytes": 1_300_000_000, "readyAt": "2026-03-14T08:00:00.000Z"}
    ],
    "versions": {"visual_resnet18.safetensors": "94a7932d6678"},
}
MODELS: Final[dict[str, Any]] = {
    "artefacts": [
        {
            "file": "visual_resnet18.safetensors",
            "sha256": "94a7932d6678d761ba58b7c25357a787e50fd710b1a9de59aae81c64254e1eb3",
            "role": "visual",
            "config": {"backbone": "resnet18"},
            "metrics": {"held_out": {"auc": 0.91}},
            "provenance": {"recipe": "visual.toml"},
        }
    ]
}
