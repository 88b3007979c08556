"""What is trained next, from nodes that are there; results made by hand, no training."""

from pathlib import Path

import numpy as np
import pytest

from altui.config import Config, load
from altui.errors import AltuiError
from altui.jobs.folder import CHECKPOINT, RESULT, SCORES, JobFolder, JobResult, SimulationSpec, now
from altui.query.components import Components
from altui.simulation.nodes import NODES, Node, judged_by_test, recipe_of, slim
from altui.simulation.records import Rows, row_lines
from altui.simulation.walk import Walk

SLICES = {"s1": 12, "s2": 12, "s3": 12}


@pytest.fixture
def config(folder: Path) -> Config:
    """Trainings that start fresh: one that starts warm needs the network before."""
    return starting(load(folder / "altui.toml"), "fresh")


def starting(config: Config, start: str) -> Config:
    training = config.training.model_copy(update={"start": start})
    return config.model_copy(update={"training": training})


def walk(folder: Path, config: Config, strategies: str = "random,entropy", **spec: int) -> Walk:
    wish = SimulationSpec.model_validate(
        {"rounds": 3, "strategies": tuple(strategies.split(",")), **spec}
    )
    return Walk(folder, config, wish, SLICES, recipe_of(folder, config))


def finish(folder: Path, config: Config, node: Node, hits: int = 50) -> None:
    """Leave what a training leaves."""
    job = node.prepare(folder, config, "cpu")
    matrix = ((100, 0, 0), (0, hits, 100 - hits), (0, 0, 100))
    job.write(
        RESULT,
        JobResult(
            state="finished",
            started_at=now(),
            ended_at=now(),
            confusions={"validation": {"v1": matrix}, "test": {"t1": matrix}},
        ),
    )
    if node.score:
        count = sum(SLICES.values())
        random = np.random.default_rng(int(node.key, 16) % 2**32)
        Components(
            tuple(SLICES),
            np.repeat(np.arange(3), 12).astype(np.int32),
            np.tile(np.arange(12), 3).astype(np.int32),
            {
                "entropy_mean": random.random(count).astype(np.float32),
                "class_fraction": np.full((count, 3), 1 / 3, np.float32),
            },
        ).save(job.path / SCORES)


def run(folder: Path, config: Config, course: Walk, trainings: int = 1000) -> list[Node]:
    """Train one at a time; returns the nodes in the order of work."""
    done: list[Node] = []
    course.advance()
    while len(done) < trainings and (wanted := course.wanted()):
        finish(folder, config, wanted[0])
        done.append(wanted[0])
        course.advance()
    return done


def test_strategies_share_the_first_round_of_a_seed(folder: Path, config: Config) -> None:
    course = walk(folder, config, seeds=2)
    assert course.left() == 2 * (1 + 2 * 2)
    nodes = run(folder, config, course)
    assert len(nodes) == len({node.key for node in nodes}) == 10
    rows = course.rows()
    first = {(one.seed, one.rounds[0].node) for one in rows.experiments}
    assert len(first) == 2
    assert {one.rounds[0].slices for one in rows.experiments if one.seed == 0} != {
        one.rounds[0].slices for one in rows.experiments if one.seed == 1
    }
    assert rows.test_uses == len(judged_by_test(folder)) == 10
    assert (course.left(), course.wanted()) == (0, [])


def test_the_rounds_of_all_strategies_come_evenly(folder: Path, config: Config) -> None:
    nodes = run(folder, config, walk(folder, config, seeds=2, full=True))
    assert [(node.seed, node.round) for node in nodes] == [
        *((0, 1), (0, 2), (0, 2), (0, 3), (0, 3), (0, 0)),
        *((1, 1), (1, 2), (1, 2), (1, 3), (1, 3), (1, 0)),
    ]
    every = next(node for node in nodes if node.round == 0)
    assert (len(every.slices), every.score) == (36, False)


def test_rounds_grow_by_the_budget_and_never_label_twice(folder: Path, config: Config) -> None:
    course = walk(folder, config, budget=2)
    run(folder, config, course)
    for one in course.rows().experiments:
        assert [point.labelled for point in one.rounds] == [3, 5, 7]
        slices = [name for point in one.rounds for name in point.slices]
        assert len(slices) == len(set(slices)) == 7


def test_walked_again_it_comes_to_the_same_choices(folder: Path, config: Config) -> None:
    whole = walk(folder, config)
    run(folder, config, whole)
    again = walk(folder, config)
    assert again.advance()
    assert again.rows() == whole.rows()
    assert again.wanted() == []


def test_it_goes_on_where_it_was(folder: Path, config: Config) -> None:
    first = walk(folder, config)
    done = run(folder, config, first, trainings=3)
    second = walk(folder, config)
    assert not {node.key for node in run(folder, config, second)} & {node.key for node in done}


def test_slim_nodes_are_enough_to_go_on(folder: Path, config: Config) -> None:
    whole = walk(folder, config)
    for node in run(folder, config, whole):
        job = node.folder(folder)
        (job.path / "model.pt").write_bytes(b"large")
        (job.path / "predictions").mkdir()
        (job.path / "predictions" / "s1.tif").write_bytes(b"large")
        slim(job, "fresh")
        assert {path.name for path in job.path.iterdir()} <= {RESULT, SCORES, "spec.json"}
    again = walk(folder, config)
    again.advance()
    assert again.rows() == whole.rows()


def test_a_warm_start_is_from_the_network_before_or_not_at_all(
    folder: Path, config: Config
) -> None:
    warm = starting(config, "warm")
    course = walk(folder, warm, "random")
    course.advance()
    finish(folder, warm, course.wanted()[0])
    course.advance()
    [second] = course.wanted()
    assert second.previous
    before = folder / NODES / second.previous
    with pytest.raises(AltuiError, match="the network of the round before is gone"):
        second.prepare(folder, warm, "cpu")
    (before / CHECKPOINT).write_bytes(b"network")
    slim(JobFolder(before), "warm")  # a strategy that is added later begins from it too
    assert second.prepare(folder, warm, "cpu").spec().previous == str(NODES / second.previous)


def test_an_ensemble_starts_warm_from_all_of_its_networks(folder: Path, config: Config) -> None:
    scoring = config.scoring.model_copy(update={"committee": "ensemble", "members": 2})
    warm = starting(config, "warm").model_copy(update={"scoring": scoring})
    course = walk(folder, warm, "random")
    course.advance()
    finish(folder, warm, course.wanted()[0])
    course.advance()
    [second] = course.wanted()
    before = folder / NODES / str(second.previous)
    (before / CHECKPOINT).write_bytes(b"network")
    with pytest.raises(AltuiError, match=r"members/2/model\.pt"):
        second.prepare(folder, warm, "cpu")
    (before / "members" / "2").mkdir(parents=True)
    (before / "members" / "2" / CHECKPOINT).write_bytes(b"network")
    slim(JobFolder(before), "warm")
    assert second.prepare(folder, warm, "cpu").spec().previous


def test_one_more_strategy_starts_from_the_shared_round(folder: Path, config: Config) -> None:
    run(folder, config, walk(folder, config, "random,entropy"))
    added = run(folder, config, walk(folder, config, "random,entropy,equidistant"))
    assert [node.round for node in added] == [2, 3]


def test_scores_that_nobody_asked_for_are_made_when_someone_does(
    folder: Path, config: Config
) -> None:
    (first, *_) = run(folder, config, walk(folder, config, "random"))
    assert not first.score
    again = run(folder, config, walk(folder, config, "random,entropy"))
    assert [(node.round, node.score) for node in again] == [(1, True), (2, True), (3, True)]


@pytest.mark.parametrize("names", ["random,foreground-random", "foreground-random,random"])
def test_a_training_that_is_shared_is_scored_where_anyone_asks(
    folder: Path, config: Config, names: str
) -> None:
    nodes = run(folder, config, walk(folder, config, names))  # every slice has foreground
    assert [(node.round, node.score) for node in nodes] == [(1, True), (2, True), (3, True)]


def test_a_strategy_that_fails_ends_its_own_experiments_alone(folder: Path, config: Config) -> None:
    course = walk(folder, config, "coreset,random,entropy")  # there is no embedding
    run(folder, config, course)
    ends = {
        one.strategy: (len(one.rounds), one.failed, one.shortfall)
        for one in course.rows().experiments
    }
    assert ends["random"] == ends["entropy"] == (3, False, "")
    assert ends["coreset"] == (1, True, 'round 2: the scores hold no component "embedding"')
    [failure] = course.failures
    assert failure.hint


def test_scores_that_cannot_be_read_say_what_to_remove(folder: Path, config: Config) -> None:
    course = walk(folder, config, "entropy")
    course.advance()
    [node] = course.wanted()
    finish(folder, config, node)
    (node.folder(folder).path / SCORES).write_bytes(b"torn")
    course.advance()
    [failure] = course.failures
    assert str(NODES / node.key / SCORES) in failure.hint


def test_an_empty_pool_ends_an_experiment_and_says_so(folder: Path, config: Config) -> None:
    course = walk(folder, config, "random", budget=100)
    run(folder, config, course)
    (one,) = course.rows().experiments
    assert len(one.rounds) < 3 or one.rounds[-1].labelled < 103
    assert "only" in one.shortfall
    assert course.left() == 0


def test_another_recipe_is_another_node(folder: Path, config: Config) -> None:
    def changed(**training: object) -> str:
        update = config.training.model_copy(update=training)
        return recipe_of(folder, config.model_copy(update={"training": update}))

    same = recipe_of(folder, config)
    assert changed(device="cuda:3") == same
    assert changed(steps=5) != same
    (folder / "masks" / "s1.tif").write_bytes((folder / "masks" / "t1.tif").read_bytes())
    assert recipe_of(folder, config) != same


def test_full_supervision_trains_as_long_as_warm_rounds_do_together(
    folder: Path, config: Config
) -> None:
    length = {"steps": 10, "steps_per_slice": 1, "max_steps": 15}
    fresh, warm = (
        config.model_copy(
            update={"training": config.training.model_copy(update={**length, "start": start})}
        )
        for start in ("fresh", "warm")
    )
    fresh_node, warm_node = (
        walk(folder, one, "random", rounds=3, full=True, budget=2).full[0][0]
        for one in (fresh, warm)
    )
    assert fresh_node.steps is None
    assert warm_node.steps == 13 + 15 + 15  # rounds of 3, 5 and 7 labels, at most 15 steps each
    spec = warm_node.prepare(folder, warm, "cpu").spec()
    assert spec.config.training.total_steps(36) == 43


def test_the_oracle_is_named_by_file_and_page(folder: Path, config: Config) -> None:
    course = walk(folder, config)
    (node,) = course.wanted()
    spec = node.prepare(folder, config, "cpu").spec()
    assert {(one.path, one.page) for one in spec.labels} == {
        (f"masks/{one.sample}.tif", one.index) for one in node.slices
    }


def test_rows_in_words(folder: Path, config: Config) -> None:
    course = walk(folder, config, full=True)
    run(folder, config, course)
    lines = row_lines(course.rows())
    assert lines[0].startswith("random, seed 0, round 1: 3 labelled slices, test mIoU 0.")
    assert lines[-1].startswith("full supervision, seed 0: 36 labelled slices")


def test_rows_are_kept_and_a_damaged_file_is_explained(tmp_path: Path) -> None:
    assert Rows.load(tmp_path) == Rows()
    Rows(split="validation").save(tmp_path)
    assert Rows.load(tmp_path).split == "validation"
    (tmp_path / "experiments.json").write_text("{")
    with pytest.raises(AltuiError, match="cannot be read"):
        Rows.load(tmp_path)
