"""Strategies of installed packages, through real distributions and processes."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs" / "strategies.md"
Run = subprocess.CompletedProcess[str]


def example() -> tuple[dict[str, Any], str]:
    """The [project] table and the module of docs/strategies.md."""
    text = DOCS.read_text()
    blocks = re.findall(r"^```(toml|python)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    [module] = [block for kind, block in blocks if kind == "python"]
    [project] = [block for kind, block in blocks if kind == "toml" and "[project]" in block]
    return tomllib.loads(project)["project"], module


def install(site: Path, name: str, points: dict[str, str], module: str) -> None:
    """A distribution NAME 1.0 with one module, as pip would have put it there."""
    site.mkdir(exist_ok=True)
    (site / f"{name.replace('-', '_')}.py").write_text(module)
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [f"{point} = {target}" for point, target in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[altui.strategies]", *lines, ""]))


def altui(site: Path, *arguments: object) -> Run:
    paths = [str(site), os.environ.get("PYTHONPATH", "")]
    return subprocess.run(
        [sys.executable, "-m", "altui", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The example of the documentation, installed."""
    project, module = example()
    folder = tmp_path / "site"
    install(folder, project["name"], project["entry-points"]["altui.strategies"], module)
    return folder


def test_the_documented_package_is_listed_and_proposes(site: Path, folder: Path) -> None:
    listed = altui(site, "strategies")
    assert (listed.returncode, listed.stderr) == (0, "")
    own = [line for line in listed.stdout.splitlines() if "altui-ends" in line]
    assert own[0].split(maxsplit=1)[0] == "ends"
    assert own[0].endswith("Slices near the ends of their sample first.; of altui-ends 1.0")
    assert own[1].endswith("first; needs scores; of altui-ends 1.0")

    proposed = altui(site, "propose", folder, "--strategy", "ends", "--json")
    assert proposed.returncode == 0, proposed.stderr
    found = json.loads(proposed.stdout)
    assert found["strategy"] == "ends"
    assert {one["slice"].split(":")[1] for one in found["proposals"]} <= {"0", "11"}
    assert found["proposals"][0]["reasons"][0] == "nearness to an end: place 1 of 36"

    too_early = altui(site, "propose", folder, "--strategy", "most-foreground")
    assert too_early.returncode == 1
    assert "needs the scores of a trained network" in too_early.stderr


def test_the_refused_are_told_and_the_rest_listed(site: Path) -> None:
    install(site, "altui-torn", {"torn": "altui_torn:choose"}, "import no_such_module\n")
    install(site, "altui-odd", {"odd": "altui_odd:choose"}, "choose = 7\n")
    install(site, "altui-thief", {"entropy": "altui_thief:choose"}, "raise SystemExit('never')\n")

    told = altui(site, "strategies")
    assert told.returncode == 0
    names = [line.split(maxsplit=1)[0] for line in told.stdout.splitlines()]
    assert {"entropy", "clasp", "ends", "most-foreground"} <= set(names)
    assert names.count("entropy") == 1
    assert not {"torn", "odd"} & set(names)
    assert "Traceback" not in told.stderr
    entropy, odd, torn = told.stderr.splitlines()
    assert 'refused: strategy "entropy" of altui-thief 1.0' in entropy
    assert entropy.endswith('altui has a strategy named "entropy", which stays')
    assert odd.endswith("it is neither a Strategy nor a function, but int")
    assert "ModuleNotFoundError" in torn
    assert "no_such_module" in torn

    entries = json.loads(altui(site, "strategies", "--json").stdout)
    faulty = {(one["name"], one["package"]) for one in entries if one["error"]}
    assert faulty == {
        ("entropy", "altui-thief 1.0"),
        ("odd", "altui-odd 1.0"),
        ("torn", "altui-torn 1.0"),
    }
    assert {"name", "summary", "needs", "package", "error"} == set(entries[0])


def test_numpys_numbers_will_do_and_what_is_printed_is_no_data(site: Path, folder: Path) -> None:
    module = (
        "import numpy as np\n"
        "from altui.query.pool import Batch, Pick\n"
        "from altui.slices import SliceId\n"
        "print('loaded')\n"
        "def tail(pool, rules):\n"
        "    print('chosen')\n"
        "    return Batch((Pick(SliceId('s1', np.int64(11)), np.float32(0.5), ('last',)),))\n"
    )
    install(site, "altui-tail", {"tail": "altui_tail:tail"}, module)
    proposed = altui(site, "propose", folder, "--strategy", "tail", "--json")
    assert proposed.returncode == 0, proposed.stderr
    assert "loaded\nchosen\n" in proposed.stderr
    [one] = json.loads(proposed.stdout)["proposals"]
    assert (one["slice"], one["score"], one["reasons"]) == ("s1:11", 0.5, ["last"])
    assert 'strategy "tail" of altui-tail 1.0 chose only 1 of 3' in proposed.stderr


def test_a_package_that_breaks_the_rules_proposes_nothing(site: Path, folder: Path) -> None:
    module = (
        "from altui.query.pool import Batch, Pick\n"
        "def twins(pool, rules):\n"
        "    one, two, *_ = pool.candidates()\n"
        "    return Batch((Pick(one, None, ()), Pick(two, None, ())))\n"
        "def hollow(pool, rules):\n"
        "    pool.slices.clear()\n"
        "    return Batch(())\n"
    )
    points = {name: f"altui_twins:{name}" for name in ("twins", "hollow")}
    install(site, "altui-twins", points, module)
    before = altui(site, "status", folder, "--json").stdout
    refused = altui(site, "propose", folder, "--strategy", "twins")
    assert refused.returncode == 1
    assert 'strategy "twins" of altui-twins 1.0 failed: it chose s1:1' in refused.stderr
    assert "lies within 2 slices of a labelled or chosen one (min_gap)" in refused.stderr
    hollow = altui(site, "propose", folder, "--strategy", "hollow")
    assert hollow.returncode == 1
    assert "hollow found no slice to propose" in hollow.stderr
    assert "chose only 0 of 3" in hollow.stderr
    assert altui(site, "status", folder, "--json").stdout == before
