"""What each command imports: the price of `altui --help`, and torch kept out."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "segmentation_models_pytorch", "textual", "sqlite_utils", "numpy", "pydantic")

PROGRAM = """
import json, sys
from click.testing import CliRunner
from altui.cli import main
result = CliRunner().invoke(main, sys.argv[1:])
assert result.exit_code == 0, result.output
print(json.dumps(sorted(sys.modules)))
"""


def modules(*arguments: str) -> set[str]:
    """The top-level packages in memory after a command has run in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def test_help_imports_click_and_little_else() -> None:
    assert not modules("--help") & {*HEAVY, "rich", "tifffile", "PIL", "psutil"}


def test_import_altui_is_light() -> None:
    program = "import json, sys, altui; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout))
    assert not loaded & {*HEAVY, "click", "altui.project"}


@pytest.mark.parametrize("command", ["status", "propose", "jobs"])
def test_everyday_commands_keep_torch_and_textual_out(folder: Path, command: str) -> None:
    assert not modules(command, str(folder)) & {"torch", "segmentation_models_pytorch", "textual"}


def test_the_app_keeps_torch_out() -> None:
    program = "import sys, altui.app; assert 'torch' not in sys.modules, 'torch'"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_strategies_need_numpy_only() -> None:
    assert not modules("strategies") & {"torch", "textual", "sqlite_utils", "pydantic", "tifffile"}
