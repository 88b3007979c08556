"""Words in a job's log, wherever they are."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from altui.jobs.logs import AROUND, find_in_log, log_lines

LINES = st.lists(st.sampled_from(["needle", "a NEEDLE ü", "ü", "hay", "", "x" * 3000]), max_size=30)


@given(LINES, st.sampled_from(["\n", "\r", "\r\n"]))
def test_each_place_is_found_in_turn(tmp_path_factory: object, lines: list[str], end: str) -> None:
    path = tmp_path_factory.getbasetemp() / "searched.log"  # type: ignore[attr-defined]
    path.write_bytes("".join(line + end for line in lines).encode())
    expected = [line for line in lines if "needle" in line.lower()]
    for step in (1, -1):
        found, at = [], None
        for _ in range(len(expected) + 1):
            place = find_in_log(path, "Needle", step, at)
            if place is None:
                break
            at = place.at
            found.append(place.lines[place.line])
            assert place.total == len(expected)
            assert found[-1] == expected[place.number - 1]
        around = expected[::step]
        assert found == ([*around, *around[:1]] if expected else [])


def test_around_a_place_lines_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("".join(f"line {n:06}\n" for n in range(10_000)) + "\x1b[31mred\n")
    place = find_in_log(path, "line 005000")
    assert place is not None
    assert place.lines[place.line] == "line 005000"
    assert set(map(len, place.lines[:-1])) == {11}
    assert len(place.lines) > AROUND // 12
    red = find_in_log(path, "red")
    assert red is not None
    assert "\x1b" not in red.lines[red.line]


def test_lines_of_a_log() -> None:
    assert log_lines("a\rb\r\n\n c\n") == ["a", "b", " c"]
