"""What this machine can do: train, store, show."""

import importlib.util
import json
import locale
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from altui.config import Config
from altui.setup.finding import Finding
from altui.text import plain

LEAST_FREE = 1 << 30  # bytes


def machine_findings(config: Config | None, root: Path) -> Iterator[Finding]:
    """Runner, training libraries, GPU, disk and terminal."""
    if config is not None:
        yield from runner_findings(config)
    yield from training_findings(config, root)
    yield from disk_findings(root)
    yield from terminal_findings()


def training_findings(config: Config | None, root: Path) -> Iterator[Finding]:
    missing = [
        name
        for name in ("torch", "segmentation_models_pytorch")
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        yield Finding(
            "warning",
            "training",
            f"{' and '.join(missing)} not installed: rounds can be run on another machine only",
            "install altui with its train extra, in its folder: pip install '.[train]'",
        )
        return
    report = ask_worker(config, root)
    if "error" in report:
        yield Finding("error", "training", report["error"], report.get("hint", ""))
    if "warning" in report:
        yield Finding("warning", "[model]", report["warning"], report["hint"])
    if "device" in report:
        yield Finding("ok", "training", f"torch {report['torch']}, {report['device']}")


def runner_findings(config: Config) -> Iterator[Finding]:
    if config.jobs.runner == "slurm":
        yield Finding(
            "error",
            "[jobs] runner",
            "this version starts jobs on this machine only",
            'set runner = "local", or run altui inside an interactive Slurm allocation',
        )


def ask_worker(config: Config | None, root: Path) -> dict[str, Any]:
    """Let a process of its own import torch, look for a GPU and know the model's names."""
    model = config.model.model_dump() if config else {}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "altui.worker.machine", json.dumps(model), str(root)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        report: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return report
    except (OSError, subprocess.TimeoutExpired):
        return {"error": "the training libraries could not be tried"}
    except (ValueError, IndexError):
        last = done.stderr.strip().splitlines()[-1:] or ["no output"]
        return {
            "error": f"the training libraries do not load: {last[0]}",
            "hint": "torch and torchvision must fit together: "
            "pip install --upgrade torch torchvision",
        }


def disk_findings(root: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(root).free
    shown = f"{free / (1 << 30):.1f} GB free"
    if free < LEAST_FREE:
        yield Finding("warning", "disk", shown, "a round writes a network and predictions")
    else:
        yield Finding("ok", "disk", shown)


def terminal_findings() -> Iterator[Finding]:
    term = os.environ.get("TERM", "")
    encoding = locale.getpreferredencoding(False)
    if sys.stdout is None or not sys.stdout.isatty():
        yield Finding("ok", "terminal", "none here; the commands work without one")
        return
    size = shutil.get_terminal_size()
    shown = f"{plain(term) or 'unknown'}, {size.columns} × {size.lines}, {encoding}"
    if encoding.lower().replace("-", "") != "utf8":
        yield Finding("warning", "terminal", shown, "set LANG=C.UTF-8 to see lines and pictures")
    elif size.columns < 80 or size.lines < 24:
        yield Finding("warning", "terminal", shown, "the app is made for 80 × 24 and more")
    else:
        yield Finding("ok", "terminal", shown)
