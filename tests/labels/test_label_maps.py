"""Label maps of any content: what is no line of one is passed over."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from altui.labels.formats.label_map import NO_MAP, is_label_map, read_label_map

NAMES = ("labelmap.txt", "labels.txt", "anna.label", "classes.csv")
PIECES = st.sampled_from(
    [
        "name",
        "id",
        "value",
        "colour",
        "#ff0000",
        "bone",
        "-1",
        "300",
        ":",
        ",",
        '"',
        "\n",
        "\0",
        " ",
    ]
)


@given(st.one_of(st.binary(), st.lists(PIECES).map(lambda parts: "".join(parts).encode())))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "map"
    path.write_bytes(content)
    for name in NAMES:
        found = read_label_map(path, name)
        assert all(0 <= colour <= 0xFFFFFF for colour in found.colours)
        assert all(
            names and all(names) for names in (*found.colours.values(), *found.values.values())
        )


@pytest.mark.parametrize("content", ["bone\nimplant\n", "", "name\n,\n", "id,name\n1\n", "{}"])
def test_what_is_no_label_map(tmp_path: Path, content: str) -> None:
    (tmp_path / "map").write_text(content)
    assert all(is_label_map(name) for name in NAMES)
    assert [read_label_map(tmp_path / "map", name) for name in NAMES] == [NO_MAP] * len(NAMES)
