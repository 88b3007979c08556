"""The walk through the experiments: what each strategy labels next, given what is trained.

Pure but for reading the nodes' results: walked again, finished trainings give the same
choices, and so a simulation goes on from wherever it was.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from altui.choose import batch_size, choose
from altui.config import Config
from altui.errors import AltuiError
from altui.jobs.folder import SCORES, JobResult, SimulationSpec
from altui.query.components import Components
from altui.query.pool import Batch, Pool, Strategy
from altui.query.strategies import strategy_named
from altui.simulation.nodes import NODES, Node
from altui.simulation.records import Experiment, Full, Point, Rows, figures
from altui.slices import SliceId


@dataclass
class Track:
    """One strategy with one seed: its finished nodes, and the one it waits for.

    `failure`: why its strategy could not choose, which is the end of this experiment alone.
    """

    strategy: Strategy
    seed: int
    done: list[tuple[Node, JobResult]] = field(default_factory=list)
    node: Node | None = None
    shortfall: str = ""
    failure: AltuiError | None = None


class Walk:
    """All experiments of a simulation at one moment."""

    def __init__(
        self,
        project: Path,
        config: Config,
        simulation: SimulationSpec,
        slices: Mapping[str, int],
        recipe: str,
    ) -> None:
        """`slices`: how many each training sample has. Raises AltuiError: no such strategy."""
        self.project, self.config, self.simulation = project, config, simulation
        self.slices, self.recipe = dict(slices), recipe
        strategies = [strategy_named(name) for name in simulation.strategies]
        scored = any(strategy.needs_scores for strategy in strategies)
        self.tracks = []
        self.full: list[tuple[Node, JobResult | None]] = []
        for seed in range(simulation.seeds):
            first = self._first(seed, scored)
            self.tracks += [Track(strategy, seed, node=first) for strategy in strategies]
            if simulation.full:
                every = sorted(SliceId(s, i) for s, n in self.slices.items() for i in range(n))
                steps = self._steps_of_all(len(first.slices))
                node = Node(recipe, seed, 0, tuple(every), score=False, steps=steps)
                self.full.append((node, None))

    def advance(self) -> bool:
        """Take in every training that has finished since; whether there was one."""
        moved = False
        for track in self.tracks:
            while track.node is not None and (result := track.node.result(self.project)):
                track.done.append((track.node, result))
                track.node = self._next_or_failure(track)
                moved = True
        for place, (node, result) in enumerate(self.full):
            if result is None and (found := node.result(self.project)):
                self.full[place] = (node, found)
                moved = True
        return moved

    def wanted(self) -> list[Node]:
        """What to train now: by seed, then round by round, full supervision behind them."""
        nodes: dict[str, Node] = {}
        for node in (track.node for track in self.tracks if track.node is not None):
            if node.key not in nodes or node.score:  # scored where any of those who share it asks
                nodes[node.key] = node
        last = self.simulation.rounds + 1
        nodes |= {node.key: node for node, result in self.full if result is None}
        return sorted(nodes.values(), key=lambda node: (node.seed, node.round or last))

    @property
    def failures(self) -> list[AltuiError]:
        """Of the strategies, one for each experiment that ended by it."""
        return [track.failure for track in self.tracks if track.failure is not None]

    def needed(self) -> set[str]:
        """Nodes whose network and predictions a training to come begins from."""
        return {track.node.previous for track in self.tracks if track.node and track.node.previous}

    def finished(self) -> dict[str, JobResult]:
        """Every finished node, by name."""
        return {node.key: result for node, result in self._results()}

    def left(self) -> int:
        """How many trainings are to come, at most."""
        rounds = self.simulation.rounds
        later = sum(
            rounds - max(len(track.done), 1) for track in self.tracks if track.node is not None
        )
        first = {t.node.key for t in self.tracks if t.node is not None and not t.done}
        return later + len(first) + sum(result is None for _, result in self.full)

    def rows(self) -> Rows:
        """The results so far."""
        finished = self.finished()
        return Rows(
            split=self.config.stopping.split,
            experiments=tuple(
                Experiment(
                    strategy=track.strategy.name,
                    seed=track.seed,
                    rounds=tuple(self._points(track)),
                    shortfall=track.shortfall,
                    failed=track.failure is not None,
                )
                for track in self.tracks
            ),
            full=tuple(
                Full(seed=node.seed, labelled=len(node.slices), node=node.key, **self._told(result))
                for node, result in self.full
                if result is not None
            ),
            test_uses=sum(bool(result.confusions.get("test")) for result in finished.values()),
        )

    def _results(self) -> Iterator[tuple[Node, JobResult]]:
        for track in self.tracks:
            yield from track.done
        for node, result in self.full:
            if result is not None:
                yield node, result

    def _points(self, track: Track) -> Iterator[Point]:
        before: frozenset[SliceId] = frozenset()
        for number, (node, result) in enumerate(track.done, start=1):
            yield Point(
                round=number,
                labelled=len(node.slices),
                slices=tuple(str(one) for one in node.slices if one not in before),
                node=node.key,
                **self._told(result),
            )
            before = frozenset(node.slices)

    def _told(self, result: JobResult) -> dict[str, Any]:
        return figures(result, self.config.classes.names, self.config.stopping.split)

    def _first(self, seed: int, scored: bool) -> Node:
        """Round 1, which all strategies share."""
        batch = self._choose(strategy_named(self.config.query.initial), seed, Pool(self.slices), 1)
        return Node(self.recipe, seed, 1, _sorted(batch), score=scored)

    def _steps_of_all(self, first: int) -> int | None:
        """Steps of full supervision where each round goes on from the last: as many as all the
        rounds together have, so that it is not the shorter training; None: as configured.
        """
        training = self.config.training
        if training.start == "fresh":
            return None
        budget = self.simulation.budget or self.config.query.budget
        rounds = range(self.simulation.rounds)
        return sum(training.total_steps(first + budget * number) for number in rounds)

    def _next_or_failure(self, track: Track) -> Node | None:
        try:
            return self._next(track)
        except AltuiError as error:  # such as a package's strategy that broke its rules
            track.failure = error
            track.shortfall = f"round {len(track.done) + 1}: {error.message}"
            return None

    def _next(self, track: Track) -> Node | None:
        """The track's next round; None after the last, or where no slice is left.

        Raises AltuiError where scores cannot be read or the strategy fails.
        """
        if len(track.done) == self.simulation.rounds:
            return None
        before, _ = track.done[-1]
        components = None
        if track.strategy.needs_scores:
            components = self._scores(before)
        labelled = frozenset(before.slices)
        pool = Pool(self.slices, labelled, components=components)
        batch = self._choose(track.strategy, track.seed, pool, before.round + 1)
        if batch.shortfall and not track.shortfall:
            track.shortfall = f"round {before.round + 1}: {batch.shortfall}"
        if not batch.picks:
            return None
        return Node(
            self.recipe,
            track.seed,
            before.round + 1,
            _sorted(batch, labelled),
            previous=before.key,
            score=track.strategy.needs_scores,
        )

    def _scores(self, node: Node) -> Components:
        try:
            return Components.load(node.folder(self.project).path / SCORES)
        except AltuiError as error:
            again = f"remove {NODES / node.key / SCORES}, then run the same altui simulate again"
            raise AltuiError(error.message, again) from None

    def _choose(self, strategy: Strategy, seed: int, pool: Pool, number: int) -> Batch:
        full = batch_size(self.config, strategy, len(pool.slices), self.simulation.budget)
        return choose(self.config, strategy, pool, number, full, seed)


def _sorted(batch: Batch, labelled: frozenset[SliceId] = frozenset()) -> tuple[SliceId, ...]:
    return tuple(sorted(labelled.union(pick.slice for pick in batch.picks)))
