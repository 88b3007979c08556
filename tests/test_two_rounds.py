"""Two whole rounds by commands, with real training, as the README walks through them."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path


def altui(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "altui", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_two_rounds_by_commands(new_folder: Callable[..., Path], tmp_path: Path) -> None:
    project = new_folder(steps=40)
    altui("check", project)
    for number in (1, 2):
        proposals = json.loads(altui("propose", project, "--json"))
        assert proposals["round"] == number
        assert len(proposals["proposals"]) == 3
        altui("approve", project, "--all")
        bundle = Path(altui("export", project, "--to", tmp_path / f"bundle-{number}").strip())
        assert (bundle / "masks").is_dir() == (number == 2)  # predictions to start from
        altui("import-labels", project, "--from-oracle")
        altui("run", project, "--wait")
    status = json.loads(altui("status", project, "--json"))
    first, second = status["rounds"][:2]
    assert (first["labelled"], second["labelled"]) == (3, 6)
    assert second["gain"] == second["miou"]["test"] - first["miou"]["test"]
    assert second["miou"]["test"] > 0.4  # an easy problem: far above chance
    assert set(second["class_iou"]) == {"background", "bone", "implant"}
    assert status["stopping"]["verdict"] in ("continue", "stop", "undecided")
    assert [job["state"] for job in status["jobs"]] == ["finished", "finished"]
    if status["stopping"]["verdict"] != "stop":
        assert (status["round"], status["state"]) == (3, "proposed")
