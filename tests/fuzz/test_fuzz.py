"""A slice of `benchmarks/fuzz_readers.py` that is the same each time, and what that has found."""

import random
from pathlib import Path

import pytest

from tests.fuzz.damage import damaged
from tests.fuzz.seeds import seeds
from tests.fuzz.target import read

SEEDS = seeds()
FOUND = sorted((Path(__file__).parent / "found").iterdir())
TIMES = {"backup": 30, "tar": 60, "name": 600, "json": 200}


@pytest.mark.parametrize("kind", SEEDS)
def test_damage_of_every_kind(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert {read(kind, one, tmp_path) for one in SEEDS[kind]} & {"read"}
    chance = random.Random(f"damage to {kind}")
    for _ in range(TIMES.get(kind, 120)):
        one, other = chance.choice(SEEDS[kind]), chance.choice(SEEDS[kind])
        read(kind, damaged(kind, one, other, chance), tmp_path)
        assert not list(tmp_path.iterdir())
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("file", FOUND, ids=lambda file: file.name)
def test_what_was_found(file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Each of these once raised something else, printed something, or took a gigabyte."""
    kind, _, end = file.name.split("#")
    assert read(kind, file.read_bytes(), tmp_path) == end
    assert capfd.readouterr() == ("", "")
