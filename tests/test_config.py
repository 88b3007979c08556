"""altui.toml: what is accepted, and what a fault is called."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altui.config import Query, load, tables
from altui.errors import AltuiError
from altui.setup.template import TEMPLATE

GOOD = """\
[project]
name = "Mg screws"
[classes]
names = ["background", "bone"]
[[samples]]
name = "screw01"
split = "train"
images = "screw01.tif"
[[samples]]
name = "screw02"
split = "test"
images = "screw02.tif"
masks = "masks/screw02.tif"
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "altui.toml"
    path.write_text(text)
    return path


def fault(tmp_path: Path, text: str) -> str:
    with pytest.raises(AltuiError) as caught:
        load(write(tmp_path, text))
    assert "altui.toml" in caught.value.message
    return caught.value.message


def test_defaults_suit_the_published_problem(tmp_path: Path) -> None:
    config = load(write(tmp_path, GOOD))
    assert config.query.budget == 8
    assert config.stopping.min_gain == 0.005
    assert (config.stopping.split, config.stopping.patience) == ("test", 1)
    assert (config.model.architecture, config.model.encoder) == ("Unet", "resnet34")
    assert [sample.name for sample in config.split("train")] == ["screw01"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD + "[query]\nbudgett = 3\n", '[query] budgett: unknown key; did you mean "budget"?'),
        (GOOD + "[traning]\nsteps = 3\n", '[traning]: unknown key; did you mean "training"?'),
        (GOOD.replace('split = "test"', 'spilt = "test"'), 'did you mean "split"?'),
        (GOOD + '[query]\nbudget = "8"\n', "[query] budget"),
        (GOOD + "[query]\nbudget = 0\n", "greater than or equal to 1"),
        (GOOD + "[stopping]\nmin_gain = nan\n", "[stopping] min_gain"),
        (GOOD + "[training]\nlearning_rate = true\n", "[training] learning_rate"),
        (GOOD + '[training]\ndice = "1"\n', "[training] dice"),
        (GOOD.replace("screw02.tif", "a\\u0000b", 1), "images: holds a NUL character"),
        (GOOD.replace('masks = "masks/screw02.tif"', ""), "needs masks"),
        (GOOD.replace("screw02.tif", "screw01.tif", 1), "same images"),
        (GOOD.replace('"screw02"', '"SCREW01"'), "two samples are named"),
        (GOOD.replace('"screw02"', '"a/b"'), '"a/b" name: should be letters, digits'),
        (GOOD + '[training]\ndevice = "gpu"\n', "device: should be auto, cpu, cuda or cuda:NUMBER"),
        (GOOD.replace('"train"', '"test"\nmasks = "m.tif"'), "no sample is in the train split"),
        (GOOD + '[stopping]\nsplit = "validation"\n', "no sample is in the validation split"),
        (GOOD + '[stopping]\nsplit = "validation"\n', 'or set [stopping] split = "test"'),
        (GOOD.replace('"bone"', '"background"'), "same name"),
        (GOOD.replace('"bone"', '"bone", " Bone"'), '[classes] names: "bone" and " Bone" differ'),
        (GOOD.replace('"bone"', '"bone", " "'), "[classes] names: a class has a blank name"),
        (GOOD.replace("screw02.tif", ".//screw01.tif", 1), "same images"),
        (GOOD.replace('"bone"]', '"bone"]\nignore = 1'), 'id of class "bone"'),
        (GOOD.replace('split = "train"', 'split = "training"'), "'train', 'validation' or 'test'"),
        (GOOD.replace("[project]", "[project"), "not valid TOML"),
        ("", "[project]: missing"),
    ],
)
def test_a_fault_names_file_and_key(tmp_path: Path, text: str, told: str) -> None:
    assert told in fault(tmp_path, text)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    message = fault(tmp_path, GOOD + "[query]\nbudgett = 3\n[jobs]\nrunner = 'pbs'\n")
    assert "budgett" in message
    assert "[jobs] runner" in message


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(AltuiError, match="is not there") as caught:
        load(tmp_path / "altui.toml")
    assert "altui init" in caught.value.hint


def test_a_file_that_was_there_once(tmp_path: Path) -> None:
    (tmp_path / ".altui").mkdir()
    with pytest.raises(AltuiError, match="is gone") as caught:
        load(tmp_path / "altui.toml")
    assert "altui init" not in caught.value.hint
    with pytest.raises(AltuiError, match="gone is gone") as caught:
        load(tmp_path / "gone" / "altui.toml")
    assert "altui init" not in caught.value.hint
    (tmp_path / "altui.toml").symlink_to("nowhere.toml")
    with pytest.raises(AltuiError, match=r"is a link to nowhere\.toml"):
        load(tmp_path / "altui.toml")


def test_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "altui.toml").write_bytes(b"[project]\nname = '\xff'\n")
    with pytest.raises(AltuiError, match="not UTF-8"):
        load(tmp_path / "altui.toml")


def test_a_table_where_a_list_is_wanted(tmp_path: Path) -> None:
    assert "samples" in fault(tmp_path, GOOD.replace("[[samples]]", "[samples]", 1).split("[[")[0])
    assert "samples" in fault(tmp_path, "samples = [1, 2]\n" + GOOD.split("[[")[0])


@given(key=st.text(st.characters(codec="ascii", categories=["Ll", "Nd"]), min_size=1, max_size=9))
def test_any_unknown_key_is_refused(tmp_path_factory: pytest.TempPathFactory, key: str) -> None:
    if key in Query.model_fields:
        return
    message = fault(tmp_path_factory.mktemp("config"), GOOD + f'[query]\n"{key}" = 1\n')
    assert f"[query] {key}: unknown key" in message


def test_control_characters_in_a_value_do_not_reach_the_screen(tmp_path: Path) -> None:
    assert "\x1b" not in fault(tmp_path, GOOD.replace('"train"', '"\\u001b[31mtrain"'))


README = Path(__file__).parents[1] / "README.md"


@pytest.mark.parametrize("name", ["model", "training", "augmentation"])
def test_the_readme_lists_every_key_with_its_default(name: str) -> None:
    block = README.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    told = tomllib.loads(block)[name]
    assert told == tables()[name].get_default().model_dump()


def test_the_defaults_in_a_new_altui_toml_are_the_defaults() -> None:
    given = TEMPLATE.partition("{samples}")[2]
    lines = re.sub(r"^\{\w+\}$", "", given, flags=re.MULTILINE)  # what is filled in
    told = tomllib.loads(re.sub(r"^# ", "", lines, flags=re.MULTILINE))
    assert {"query", "model", "training", "augmentation", "stopping"} <= set(told)
    for name, values in told.items():
        default = tables()[name].get_default().model_dump()
        assert values.items() <= default.items()
