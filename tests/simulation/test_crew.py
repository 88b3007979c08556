"""Which training goes to which device."""

from pathlib import Path

import pytest

from altui.config import load
from altui.jobs.folder import SimulationSpec
from altui.simulation.nodes import is_training, recipe_of
from altui.simulation.walk import Walk
from altui.worker.crew import Crew
from altui.worker.slots import devices, free_device

GPUS = ["cuda:0", "cuda:1"]


@pytest.mark.parametrize(
    ("busy", "parallel", "free"),
    [
        ([], 1, "cuda:0"),
        (["cuda:0"], 1, "cuda:1"),
        (["cuda:1"], 1, "cuda:0"),
        (["cuda:0", "cuda:1"], 1, None),
        (["cuda:0", "cuda:1"], 2, "cuda:0"),
        (["cuda:0", "cuda:0", "cuda:1"], 2, "cuda:1"),
        (["cuda:0", "cuda:1"] * 2, 2, None),
        (["cpu"], 1, "cuda:0"),  # what a simulation on another device has left behind
    ],
)
def test_the_device_with_the_fewest_trainings_is_next(
    busy: list[str], parallel: int, free: str | None
) -> None:
    assert free_device(GPUS, busy, parallel) == free


def test_a_device_that_is_named_is_the_only_one() -> None:
    assert devices("cuda:1") == ["cuda:1"]
    assert devices("cpu") == ["cpu"]


def test_several_gpus_train_at_the_same_time(folder: Path) -> None:
    """Real processes, told which GPU is theirs; whether it is there they find out later."""
    config = load(folder / "altui.toml")
    wish = SimulationSpec(rounds=1, strategies=("random",), seeds=3)
    slices = {"s1": 12, "s2": 12, "s3": 12}
    course = Walk(folder, config, wish, slices, recipe_of(folder, config))
    crew = Crew(folder, config, GPUS, parallel=1)
    try:
        crew.start(course.wanted())
        assert [hand.device for hand in crew.hands.values()] == GPUS
        named = [hand.folder.spec().config.training.device for hand in crew.hands.values()]
        assert named == GPUS
        crew.start(course.wanted())  # the third seed's waits for one of them
        assert len(crew.hands) == 2
    finally:
        crew.stop()
    for hand in crew.hands.values():
        assert hand.child is not None
        hand.child.wait(30)
        assert not is_training(hand.folder)
