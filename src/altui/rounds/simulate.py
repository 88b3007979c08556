"""Simulations: start one, find it again, show what it has found out so far."""

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from altui.choose import batch_size, check_committee
from altui.config import Config
from altui.errors import AltuiError
from altui.jobs.folder import JobFolder, SimulationSpec
from altui.jobs.state import JobView, views
from altui.jobs.submit import check_startable, launch, submit_simulation
from altui.query.strategies import strategy_named
from altui.simulation.nodes import folders, is_training, stop_all
from altui.simulation.records import PICTURE, Rows, row_lines
from altui.simulation.summary import Summary, summarise
from altui.store.history import History
from altui.text import count, listing
from altui.workspace import Workspace


@dataclass(frozen=True)
class Simulation:
    """One simulation as it stands; its rows appear as trainings finish."""

    job: JobView
    spec: SimulationSpec
    config: Config
    rows: Rows
    folder: Path
    notes: tuple[str, ...] = ()

    @cached_property
    def summary(self) -> Summary:
        return summarise(self.rows)

    @property
    def lines(self) -> list[str]:
        """Each finished training in words, round by round."""
        return row_lines(self.rows)

    @property
    def picture(self) -> Path:
        """A PNG, there once the simulation has ended."""
        return self.folder / PICTURE

    def to_json(self) -> dict[str, Any]:
        """What `altui simulate --json` prints; see docs/simulation.md."""
        rows = self.rows.model_dump(mode="json")
        return {
            "id": self.job.id,
            "state": self.job.state,
            "progress": self.job.progress,
            "message": self.job.message,
            "hint": self.job.hint,
            "arguments": self.spec.model_dump(mode="json"),
            "project": self.config.project.name,
            "classes": list(self.config.classes.names),
            "config": {
                table: getattr(self.config, table).model_dump(mode="json")
                for table in ("query", "model", "training", "scoring")
            },
            "notes": list(self.notes),
            "experiments": rows["experiments"],
            "full": rows["full"],
            "summary": asdict(self.summary),
            "test_uses": self.rows.test_uses,
        }


def start_simulation(workspace: Workspace, wish: SimulationSpec) -> tuple[str, bool]:
    """Start it in the background; its job's id, and whether it is a new one.

    One that was asked for in the same words and is running, or has finished, is not begun
    again: its id is returned. Raises AltuiError, before anything starts, where it cannot work.
    """
    check_startable(workspace)
    check_wish(workspace, wish)
    with workspace.store.write() as transaction:
        history = transaction.history()
        for job in reversed(_simulations(workspace, history)):
            if (job.active or job.state == "finished") and _same(workspace, job, wish):
                return job.id, False
        refuse_second(workspace, history)
        folder = submit_simulation(workspace, transaction, wish)
    launch(workspace, folder)
    return folder.id, True


def try_again(workspace: Workspace, job: str) -> str:
    """The same simulation as a new job, which keeps every finished training. Raises AltuiError."""
    wish = JobFolder(workspace.jobs / job).spec().simulation
    if wish is None:
        raise AltuiError(f"{job} does not say what it simulated", "start it anew: altui simulate")
    check_wish(workspace, wish)
    with workspace.store.write() as transaction:
        refuse_second(workspace, transaction.history())
        folder = submit_simulation(workspace, transaction, wish)
    launch(workspace, folder)
    return folder.id


def simulation(workspace: Workspace, history: History, name: str | None = None) -> Simulation:
    """A simulation by its job's id, or the newest. Raises AltuiError where there is none."""
    every = _simulations(workspace, history)
    found = [job for job in every if name in (None, job.id)]
    if not found:
        raise AltuiError(
            f'no simulation is named "{name}"' if name else "no simulation has been started yet",
            "start one: altui simulate PROJECT --rounds 10 --strategies random,entropy --seeds 2",
        )
    folder = JobFolder(workspace.jobs / found[-1].id)
    spec = folder.spec()
    wish = spec.simulation or SimulationSpec(rounds=0, strategies=())
    return Simulation(
        job=found[-1],
        spec=wish,
        config=spec.config,
        rows=Rows.load(folder.path),
        folder=folder.path,
        notes=foreseen(workspace, wish),
    )


def stop_trainings(workspace: Workspace) -> None:
    """End every training of a simulation that is still under way. Raises AltuiError."""
    stop_all(folder for folder in folders(workspace.root) if is_training(folder))


def check_wish(workspace: Workspace, wish: SimulationSpec) -> None:
    """Raises AltuiError for what no simulation can do."""
    for name, value, most in (
        ("--rounds", wish.rounds, 10_000),
        ("--seeds", wish.seeds, 1000),
        ("--budget", wish.budget, 10_000),
        ("--parallel", wish.parallel, 64),
    ):
        if value is not None and value < 1:
            raise AltuiError(f"{name} {value}: it has to be 1 or more")
        if value is not None and value > most:
            raise AltuiError(f"{name} {value}: it may be {most:,} at most")
    if not wish.strategies:
        raise AltuiError("no strategy is named", "give --strategies random,entropy")
    for name in wish.strategies:
        check_committee(workspace.config, strategy_named(name))
        if wish.strategies.count(name) > 1:
            raise AltuiError(f'strategy "{name}" is named twice', "name each once")
    initial = strategy_named(workspace.config.query.initial)
    if initial.needs_scores:
        raise AltuiError(
            f'[query] initial = "{initial.name}" needs the scores of a trained network, and round '
            "1 has none before it",
            'set it to "initial", "random" or "equidistant"',
        )
    check_oracle(workspace)


def check_oracle(workspace: Workspace) -> None:
    """Raises AltuiError unless every training sample has masks that fit its images."""
    without = [sample.name for sample in workspace.config.split("train") if not sample.masks]
    if without:
        raise AltuiError(
            f"{count(len(without), 'training sample')} without masks: {listing(without)}; a "
            "simulation takes its labels from them",
            'give each masks = "…" in altui.toml, or leave the sample out in a copy of the project',
        )
    workspace.check_present()
    for header in workspace.train:
        workspace.masks(header.name).close()


def foreseen(workspace: Workspace, wish: SimulationSpec) -> tuple[str, ...]:
    """What a person should know of it beforehand, in sentences."""
    pool = sum(header.slices for header in workspace.train)
    config = workspace.config
    budget = wish.budget or config.query.budget
    initial = strategy_named(config.query.initial)
    first = batch_size(config, initial, len(workspace.train), wish.budget)
    wanted = first + (wish.rounds - 1) * budget
    if wanted <= pool:
        return ()
    return (
        f"{count(wish.rounds, 'round')} of {count(budget, 'slice')} ask for {wanted} slices of a "
        f"pool of {pool}: the experiments end when no slice is left to choose",
    )


def refuse_second(workspace: Workspace, history: History) -> None:
    """Two at once would only share the devices that one can fill. Raises AltuiError."""
    for job in _simulations(workspace, history):
        if job.active:
            raise AltuiError(
                f"{job.id} is {job.state}, and one simulation runs at a time",
                f"wait for it, or cancel it, which keeps what it has finished: "
                f"altui jobs PROJECT cancel {job.id}",
            )


def _simulations(workspace: Workspace, history: History) -> list[JobView]:
    return [job for job in views(workspace.jobs, history) if job.kind == "simulate"]


def _same(workspace: Workspace, job: JobView, wish: SimulationSpec) -> bool:
    """Whether a job was asked for the same, with the same altui.toml."""
    try:
        spec = JobFolder(workspace.jobs / job.id).spec()
    except AltuiError:
        return False
    if spec.simulation is None or spec.config != workspace.config:
        return False
    one, other = (
        each.model_copy(update={"strategies": tuple(sorted(each.strategies)), "parallel": 1})
        for each in (spec.simulation, wish)
    )
    return one == other
