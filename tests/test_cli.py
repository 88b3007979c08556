"""The commands as people and scripts meet them: output, exit status, bad input."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tifffile
from click.testing import CliRunner, Result

from altui import Project
from altui.cli import main
from altui.query.strategies import STRATEGIES


def altui(*arguments: object) -> Result:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def json_of(*arguments: object) -> Any:
    result = altui(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_status_json_holds_the_contract(folder: Path) -> None:
    status = json_of("status", folder)
    keys = {"project", "round", "state", "labelled", "pool", "rounds", "stopping", "jobs"}
    assert keys <= status.keys()
    assert (status["project"], status["round"], status["state"]) == ("Tiny screws", 1, "proposed")
    (one,) = status["rounds"]
    assert {
        "round",
        "labelled",
        "strategy",
        "miou",
        "class_iou",
        "gain",
        "gain_interval",
    } <= one.keys()
    assert one["miou"] == {"validation": None, "test": None}
    assert status["stopping"]["verdict"] == "undecided"
    assert status["stopping"]["reasons"]


def test_propose_json_holds_the_contract(folder: Path) -> None:
    proposals = json_of("propose", folder)
    assert (proposals["round"], proposals["strategy"]) == (1, "initial")
    for one in proposals["proposals"]:
        assert {"slice", "rank", "score", "state", "reasons"} <= one.keys()
    assert json_of("propose", folder) == proposals


def test_deciding_by_commands(folder: Path) -> None:
    first, second, third = (p["slice"] for p in json_of("propose", folder)["proposals"])
    assert altui("approve", folder, first, second).exit_code == 0
    rejected = altui("reject", folder, third, "--reason", "ring artefact")
    assert "proposed instead: s3:" in rejected.stderr
    assert "undone: reject" in altui("undo", folder).stderr
    assert altui("approve", folder, "--all").exit_code == 0
    assert "approved already" in altui("approve", folder, first).stderr
    states = {p["slice"]: p["state"] for p in json_of("propose", folder)["proposals"]}
    assert states == dict.fromkeys((first, second, third), "approved")


def test_data_goes_to_stdout_and_narration_to_stderr(folder: Path, tmp_path: Path) -> None:
    altui("approve", folder, "--all")
    exported = altui("export", folder, "--to", tmp_path / "bundle")
    assert exported.stdout.strip() == str(tmp_path / "bundle")
    assert "3 slices" in exported.stderr


def test_import_exit_status(folder: Path, tmp_path: Path) -> None:
    altui("approve", folder, "--all")
    masks = {name: tifffile.imread(folder / "masks" / f"{name}.tif") for name in ("s1", "s2")}
    slices = {s.sample: s.index for s in Project.open(folder).status().missing}
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.mkdir()
    bad.mkdir()
    tifffile.imwrite(good / f"s1_z{slices['s1']}.tif", masks["s1"][slices["s1"]])
    tifffile.imwrite(bad / f"s2_z{slices['s2']}.tif", masks["s2"][slices["s2"]] + 7)
    assert altui("import-labels", folder, bad).exit_code == 1
    assert altui("import-labels", folder, good, bad).exit_code == 3
    assert altui("import-labels", folder, good).exit_code == 0
    report = json.loads(altui("import-labels", folder, good, bad, "--json").stdout)
    assert set(report) == {
        "accepted",
        "quarantined",
        "refused",
        "unchanged",
        "notes",
        "passed_over",
    }
    (refused,) = report["refused"]
    assert (refused["code"], refused["slice"]) == ("values", f"s2:{slices['s2']}")
    assert len(report["unchanged"]) == 1


def test_usage_errors_exit_with_2(folder: Path) -> None:
    assert altui("approve", folder).exit_code == 2
    assert altui("approve", folder, "s1:3", "--all").exit_code == 2
    assert altui("import-labels", folder).exit_code == 2
    assert altui("status").exit_code == 2
    assert altui("statsu", folder).exit_code == 2


@pytest.mark.parametrize(("command", "deed"), [("jobs", "show"), ("quarantine", "accept")])
def test_what_to_do_said_before_the_project(folder: Path, command: str, deed: str) -> None:
    told = altui(command, deed, folder)
    assert told.exit_code == 2
    assert f"the project comes first: main {command} {folder} {deed}" in told.output
    assert "is not one of" in altui(command, folder, "nonsense").output


def refusal(*arguments: object) -> str:
    """One message with a way out, exit status 1, and no traceback."""
    result = altui(*arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("altui: ")
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    return result.stderr


COMMANDS = (
    ("status",),
    ("propose",),
    ("approve", "--all"),
    ("reject", "s1:3"),
    ("undo",),
    ("export", "--to", "nowhere"),
    ("import-labels", "--from-oracle"),
    ("run",),
    ("jobs",),
    ("open",),
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_an_unknown_or_empty_project(tmp_path: Path, command: tuple[str, ...]) -> None:
    name, *rest = command
    assert "is not there" in refusal(name, tmp_path / "none", *rest)
    assert "altui.toml is not there" in refusal(name, tmp_path, *rest)
    assert list(tmp_path.iterdir()) == []  # nothing half-made is left behind


def test_a_file_for_a_project(folder: Path) -> None:
    assert "is not a folder" in refusal("status", folder / "altui.toml")


def test_a_missing_stack_is_named(folder: Path) -> None:
    (folder / "samples" / "s2.tif").rename(folder / "samples" / "s2_old.tif")
    told = refusal("status", folder)
    assert 'sample "s2"' in told
    assert "s2.tif" in told


def test_check_tells_everything_at_once(folder: Path) -> None:
    (folder / "samples" / "s2.tif").unlink()
    (folder / "masks" / "t1.tif").unlink()
    result = altui("check", folder)
    assert result.exit_code == 1
    assert "sample s2" in result.stdout
    assert "masks of t1" in result.stdout
    assert "2 errors" in result.stderr


def test_a_broken_database(folder: Path) -> None:
    Project.open(folder)
    (folder / ".altui" / "state.db").write_bytes(b"broken" * 1000)
    assert "damaged" in refusal("status", folder)


def test_open_needs_a_terminal(folder: Path) -> None:
    assert "needs a terminal" in refusal("open", folder)
    assert "needs a terminal" in refusal(folder)  # which opens it, too


def test_setting_up_without_a_terminal(tmp_path: Path) -> None:
    assert f'"altui init {tmp_path}" writes one' in refusal(tmp_path)


def test_jobs_before_the_first(folder: Path) -> None:
    assert altui("jobs", folder).stdout.strip() == "no jobs yet"
    assert "no jobs yet" in refusal("jobs", folder, "show")


def test_a_closed_pipe_is_no_fault(folder: Path) -> None:
    command = f"{sys.executable} -m altui status {folder} --json | head -c 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout == "{"
    assert "Traceback" not in done.stderr


def test_strategies_are_listed_one_a_line() -> None:
    lines = altui("strategies").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(STRATEGIES)
    told = {line.split()[0]: line for line in lines}
    assert told["bald"].endswith("; needs scores, committee")
    assert told["coreset"].endswith("; needs scores, embedding")
    assert "needs" not in told["random"].replace("(round 1: needs no model)", "")
    documents = json_of("strategies")
    assert [one["name"] for one in documents] == list(STRATEGIES)
    assert documents[0].keys() == {"name", "summary", "needs", "package", "error"}


def test_init_then_check_then_status(folder: Path) -> None:
    (folder / "altui.toml").unlink()
    assert altui("init", folder).exit_code == 0
    assert "is there already" in refusal("init", folder)


@pytest.mark.parametrize("images", ["samples/s[1].tif", "samples/s1*.tif"])
def test_overlapping_samples_are_refused_however_they_are_written(
    folder: Path, images: str
) -> None:
    config = folder / "altui.toml"
    config.write_text(config.read_text().replace("samples/t1.tif", images))
    told = refusal("status", folder)
    assert 'samples "s1" and "t1" both hold' in told
    assert "both hold s1.tif" in altui("check", folder).stdout
