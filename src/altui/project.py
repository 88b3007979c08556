"""The one object that commands, the app, notebooks and scripts work with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from altui.config import Config
from altui.errors import AltuiError
from altui.jobs.folder import LOG, JobFolder, Progress, SimulationSpec
from altui.jobs.logs import Place, find_in_log
from altui.jobs.state import JobView
from altui.labels.accept import read_label
from altui.labels.backup import Backup, back_up
from altui.labels.bundle import CONTEXT, Bundle, ToolName, export_bundle
from altui.labels.checks.record import remarks_on
from altui.labels.checks.remark import Remark
from altui.labels.fractions import class_pixels, labelled_pixels
from altui.labels.history import Revision, restore_revision, revisions, revisions_of
from altui.labels.imports import ImportReport, import_from_oracle, import_paths
from altui.labels.overview import SliceLabels, label_overview
from altui.labels.predictions import difference, newest_prediction, newest_uncertainty
from altui.labels.quarantine import (
    QuarantinedMask,
    accept_quarantined,
    quarantined_masks,
    read_quarantined,
    refuse_quarantined,
)
from altui.query.pool import Strategy
from altui.rounds import decide, run
from altui.rounds.claims import Claim, assign, open_claims, release
from altui.rounds.collect import collect
from altui.rounds.decide import Decided
from altui.rounds.past import Shown, show_round
from altui.rounds.pick import pick
from altui.rounds.plan import Plan, plan, strategies_now
from altui.rounds.propose import Proposals, as_slices, proposable_round, propose
from altui.rounds.repeats import Agreements, agreements
from altui.rounds.samples import SampleFigures, sample_figures
from altui.rounds.simulate import Simulation, simulation, start_simulation
from altui.rounds.state import current_round, slate
from altui.rounds.status import Status, status
from altui.rounds.versus import Versus, versus
from altui.slices import SliceId
from altui.store.history import Decision
from altui.text import plain
from altui.volumes.intensity import Window, window_of
from altui.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Project:
    """A project folder, opened. Safe to share between threads.

    Every method that changes something is one transaction, committed when it returns, and
    raises AltuiError, with nothing changed, where it refuses.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._windows: dict[str, Window] = {}

    def __repr__(self) -> str:
        return f"Project({str(self.root)!r})"

    @classmethod
    def open(cls, path: str | Path, who: str = "") -> Project:
        """Open a folder with an `altui.toml`; `who` acts in it (default: the login name).

        Collects jobs that have ended since, and makes round 1's proposals. Raises AltuiError.
        """
        project = cls(Workspace(Path(path), who))
        project.refresh()
        return project

    @property
    def root(self) -> Path:
        return self.workspace.root

    @property
    def config(self) -> Config:
        return self.workspace.config

    def reload(self) -> bool:
        """Go by altui.toml as it is now; returns whether it has changed. Where it has faults,
        raises AltuiError and goes by the last good one.
        """
        before, self.workspace = self.workspace, self.workspace.renewed()
        if self.workspace is before:
            return False
        self._windows = {}
        return True

    def refresh(self) -> tuple[str, ...]:
        """Bring in the results of ended jobs; returns their ids. Cheap when there are none."""
        collected = collect(self.workspace)
        store = self.workspace.store
        if store.writable and current_round(store.history()) == 0:
            self.propose()
        return collected

    def status(self) -> Status:
        """One consistent picture of everything."""
        return status(self.workspace, self.workspace.store.history())

    def samples(self) -> tuple[SampleFigures, ...]:
        """Every sample with its size, its labels and how well each round predicts it."""
        return sample_figures(self.workspace.store.history(), self.workspace)

    def class_pixels(self, sample: str) -> tuple[int, ...]:
        """Pixels by class over a sample's accepted masks."""
        return class_pixels(self.workspace, sample)

    def labelled_pixels(self) -> dict[str, int]:
        """Pixels by class over all accepted masks: what a round would be trained on."""
        return labelled_pixels(self.workspace)

    def compare_rounds(self, first: int, second: int) -> Versus:
        """Two rounds with results, side by side."""
        return versus(self.workspace.store.history(), self.workspace, first, second)

    # Proposals

    def propose(self, strategy: str | None = None) -> Proposals:
        """Propose for the current round, or for the next once this one has its results."""
        self.reload()
        return propose(self.workspace, strategy)

    def strategies(self) -> tuple[Strategy, ...]:
        """Those that `propose` could use now."""
        history = self.workspace.store.history()
        return strategies_now(self.workspace, history, proposable_round(self.workspace, history))

    def plan(self, strategy: str | None = None) -> Plan:
        """What `propose` would change, changing nothing."""
        history = self.workspace.store.history()
        number = proposable_round(self.workspace, history)
        return plan(self.workspace, history, number, strategy)

    def show_round(self, number: int, strategy: str | None = None) -> Shown:
        """What a strategy would have proposed for a round as it began; changes nothing."""
        return show_round(self.workspace, number, strategy)

    def proposals(self) -> Proposals:
        """The current round's proposals as they stand."""
        history = self.workspace.store.history()
        own = slate(history, current_round(history))
        return Proposals(own, own.strategy)

    def approve(self, *slices: str | SliceId) -> Decided:
        """Approve proposals, such as "screw03:412"."""
        return decide.approve(self.workspace, as_slices(slices))

    def approve_all(self) -> Decided:
        return decide.approve_all(self.workspace)

    def reject(
        self,
        *slices: str | SliceId,
        reason: str = "",
        replacement: bool = True,
        seen: Decision | None = None,
    ) -> Decided:
        """Reject proposals; the next best slices take their places unless told otherwise.

        What someone else has approved since it was `seen` stays.
        """
        return decide.reject(self.workspace, as_slices(slices), reason, replacement, seen)

    def pick(
        self,
        slice_id: str | SliceId,
        instead_of: str | SliceId | None = None,
        seen: Decision | None = None,
    ) -> Decided:
        """Take a slice into the round's batch by hand, in place of another one or of none; not of
        one that someone else has approved since it was `seen`.
        """
        [one] = as_slices((slice_id,))
        other = as_slices((instead_of,))[0] if instead_of is not None else None
        return pick(self.workspace, one, other, seen)

    def undo(self) -> Decided:
        """Take back this person's latest decision in the current round."""
        return decide.undo(self.workspace)

    # Masks

    def export(
        self,
        to: str | Path,
        *slices: str | SliceId,
        tool: ToolName = "tiff",
        annotator: str = "",
        most: int | None = None,
        repeat: float = 0.0,
        context: int = CONTEXT,
    ) -> Bundle:
        """Write the approved slices, or those named, as a bundle into a new folder.

        `tool`: "tiff", "napari", "cvat", "label-studio" or "itk-snap"; `annotator`: that
        person's share, `most` slices at most, which claims them; `repeat`: labelled slices to
        go out again, as a share of the others; `context`: neighbours along z on each side.
        """
        return export_bundle(
            self.workspace,
            Path(to),
            tool=tool,
            slices=as_slices(slices),
            annotator=annotator,
            most=most,
            repeat=repeat,
            context=context,
        )

    def assign(
        self, slice_id: str | SliceId, annotator: str, *, instead_of: str | None = None
    ) -> Claim:
        """Have an annotator label an approved slice, whoever had claimed it; with `instead_of`
        ("" for nobody) only where it is that person's.
        """
        [claim] = assign(self.workspace, as_slices((slice_id,)), annotator, instead_of)
        return claim

    def assign_all(self, slices: Sequence[str | SliceId], annotator: str) -> tuple[Claim, ...]:
        """Have an annotator label approved slices, all of them or none."""
        return assign(self.workspace, as_slices(tuple(slices)), annotator)

    def release(self, *slices: str | SliceId) -> tuple[SliceId, ...]:
        """Let go of claims, so that anyone may label the slices."""
        return release(self.workspace, as_slices(slices))

    def claims(self) -> tuple[Claim, ...]:
        """Who is labelling which of the round's slices."""
        return tuple(open_claims(self.workspace.store.history()).values())

    def agreement(self) -> Agreements:
        """How far annotators agree with themselves and each other, by repeated slices."""
        return agreements(self.workspace.store.history(), self.config.classes.names)

    def import_labels(
        self,
        *paths: str | Path,
        dry_run: bool = False,
        unasked: bool = False,
        trust: bool = False,
        slice_id: SliceId | None = None,
        annotator: str = "",
    ) -> ImportReport:
        """Check masks and take in the good ones. `unasked` takes slices that the round did
        not ask for; `trust` takes masks that only look doubtful; `slice_id` says which slice
        the only mask there labels, `annotator` who drew them (default: whoever imports).
        """
        self.reload()
        return import_paths(
            self.workspace,
            [Path(path) for path in paths],
            dry_run=dry_run,
            unasked=unasked,
            trust=trust,
            slice_id=slice_id,
            annotator=annotator,
        )

    def import_from_oracle(self, dry_run: bool = False) -> ImportReport:
        """Take the missing masks of the round from the training samples' own masks."""
        return import_from_oracle(self.workspace, dry_run=dry_run)

    def labels(self) -> dict[SliceId, tuple[Revision, ...]]:
        """Every labelled slice's revisions, oldest first."""
        return revisions(self.workspace.store.history())

    def label_overview(self) -> tuple[SliceLabels, ...]:
        """What came back and what is missing: the round's slices, then all other labelled ones."""
        return label_overview(self.workspace.store.history())

    def revisions(self, slice_id: str | SliceId) -> tuple[Revision, ...]:
        """One slice's revisions, oldest first; the last one is current."""
        [one] = as_slices((slice_id,))
        return revisions_of(self.workspace, one)

    def restore_label(self, slice_id: str | SliceId, revision: int) -> Revision:
        """Make an earlier revision current again, by a new one of the same mask."""
        [one] = as_slices((slice_id,))
        return restore_revision(self.workspace, one, revision)

    def label_checks(self, slice_id: str | SliceId) -> tuple[Remark, ...]:
        """What the checks remarked of a slice's current label when it was taken in."""
        label = self.revisions(slice_id)[-1].label
        with self.workspace.store.read() as db:
            return remarks_on(db, label.restores or label.id)

    def quarantined(self, every: bool = False) -> tuple[QuarantinedMask, ...]:
        """The masks in doubt that wait for a decision, oldest first, one a slice at most;
        `every`: also those that were decided on or have a newer mask in their place.
        """
        return quarantined_masks(self.workspace.store.history(), every=every)

    def quarantined_mask(self, which: str | SliceId | QuarantinedMask) -> npt.NDArray[np.integer]:
        """(height, width) class ids of a waiting mask."""
        return read_quarantined(self.workspace, *_masks((which,)))

    def accept_quarantined(
        self, *which: str | SliceId | QuarantinedMask
    ) -> tuple[QuarantinedMask, ...]:
        """Have waiting masks become their slices' labels, all of them or none. Give the one of
        `quarantined()` that was looked at, so that none that came since is taken for it.
        """
        return accept_quarantined(self.workspace, _masks(which))

    def refuse_quarantined(
        self, *which: str | SliceId | QuarantinedMask, reason: str = ""
    ) -> tuple[QuarantinedMask, ...]:
        """Have waiting masks become no labels; they are kept all the same."""
        return refuse_quarantined(self.workspace, _masks(which), reason)

    def back_up(self, to: str | Path, with_jobs: bool = False) -> Backup:
        """Write state, labels and originals into a new .tar or .tar.gz, also while jobs run."""
        return back_up(self.root, Path(to), with_jobs=with_jobs)

    # Jobs

    def run(self) -> str:
        """Start the round's job in the background; returns its id."""
        self.reload()
        return run.run_round(self.workspace)

    def job(self, name: str | None = None) -> JobView:
        """A job by id or number, or the latest."""
        return run.find_job(self.workspace, self.workspace.store.history(), name)

    def cancel(self, name: str | None = None) -> str:
        return run.cancel(self.workspace, name)

    def retry(self, name: str | None = None) -> str:
        """Start a failed, lost or cancelled job again; returns the new job's id."""
        self.reload()
        return run.retry(self.workspace, name)

    def job_log(self, name: str, lines: int = 20) -> list[str]:
        """The last lines of a job's log."""
        return JobFolder(self.workspace.jobs / self.job(name).id).log_tail(lines)

    def find_in_log(
        self, name: str, words: str, step: int = -1, at: int | None = None
    ) -> Place | None:
        """The line of a job's log that holds the words, next before byte `at` or after it (`step`
        1), round and round. Raises AltuiError.
        """
        path = JobFolder(self.workspace.jobs / self.job(name).id).path / LOG
        try:
            return find_in_log(path, words, step, at)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise AltuiError(f"{plain(path)} cannot be read: {error.strerror}") from None

    def job_progress(self, name: str) -> list[Progress]:
        """All progress lines of a job, for its loss curve."""
        return JobFolder(self.workspace.jobs / self.job(name).id).progress()

    # Simulations

    def simulate(
        self,
        rounds: int,
        strategies: Sequence[str],
        seeds: int = 1,
        full: bool = False,
        budget: int | None = None,
        parallel: int = 1,
    ) -> tuple[str, bool]:
        """Start experiments with the oracle as annotator in the background.

        Returns the job's id and whether it is new: the same experiments that are running, or
        have finished, are not begun again. `full` adds full supervision; `budget`: slices a
        round (default: [query] budget); `parallel`: trainings at a time on each device.
        """
        self.reload()
        wish = SimulationSpec(
            rounds=rounds,
            strategies=tuple(strategies),
            seeds=seeds,
            full=full,
            budget=budget,
            parallel=parallel,
        )
        return start_simulation(self.workspace, wish)

    def simulation(self, name: str | None = None) -> Simulation:
        """A simulation by its job's id, or the newest, with the rows that it has so far."""
        return simulation(self.workspace, self.workspace.store.history(), name)

    # Pictures

    def image(self, slice_id: SliceId) -> npt.NDArray[Any]:
        """(height, width) grey values of a slice, as they are in the file."""
        with self.workspace.images(slice_id.sample) as stack:
            return stack.read(slice_id.index)

    def image_file(self, slice_id: SliceId) -> str:
        """The name of the file that holds this slice alone; empty where a file holds several."""
        if (self.root / self.workspace.sample(slice_id.sample).images).is_file():
            return ""
        with self.workspace.images(slice_id.sample) as stack:
            alone = len(stack.paths) == stack.slices
            return stack.paths[slice_id.index].name if alone else ""

    def window(self, sample: str) -> Window:
        """The grey values to show a sample with."""
        if sample not in self._windows:
            with self.workspace.images(sample) as stack:
                self._windows[sample] = window_of(stack)
        return self._windows[sample]

    def view(self, slice_id: SliceId) -> npt.NDArray[np.uint8]:
        """(height, width) 8-bit picture of a slice."""
        return self.window(slice_id.sample).to_uint8(self.image(slice_id))

    def label(
        self, slice_id: str | SliceId, revision: int | None = None
    ) -> npt.NDArray[np.integer] | None:
        """(height, width) class ids of a slice's accepted mask, or of an earlier revision; None
        where it has none. Raises AltuiError where the mask's file cannot be read.
        """
        history = self.workspace.store.history()
        [one] = as_slices((slice_id,))
        label = history.current_labels.get(one)
        if revision is not None:
            label = history.revision(one, revision)
        return None if label is None else read_label(self.workspace, label)

    def kept_mask(self, label: int) -> npt.NDArray[np.integer]:
        """(height, width) class ids of a label by its number in the store. Raises AltuiError."""
        return read_label(self.workspace, self.workspace.store.history().labels_by_id[label])

    def own_mask(self, slice_id: SliceId) -> npt.NDArray[np.integer] | None:
        """(height, width) class ids of the mask that altui.toml gives a sample; None without."""
        if self.workspace.sample(slice_id.sample).masks is None:
            return None
        with self.workspace.masks(slice_id.sample) as stack:
            mask: npt.NDArray[np.integer] = stack.read(slice_id.index)
            return mask

    def difference(
        self, slice_id: SliceId, mask: npt.NDArray[np.integer]
    ) -> npt.NDArray[np.bool_] | None:
        """(height, width) where a mask differs from what a network predicts that did not learn
        from it, ignored pixels left out; None without such a prediction.
        """
        return difference(self.workspace, slice_id, mask)

    def prediction(self, slice_id: SliceId) -> npt.NDArray[np.uint8] | None:
        """(height, width) class ids that the newest network predicts; None without one."""
        return newest_prediction(self.workspace, slice_id)

    def uncertainty(self, slice_id: SliceId) -> npt.NDArray[np.uint8] | None:
        """(h, w) entropy of the newest network's prediction, 0 to 255, at most 256 pixels a
        side; None without one.
        """
        return newest_uncertainty(self.workspace, slice_id)


def _masks(
    which: Sequence[str | SliceId | QuarantinedMask],
) -> tuple[SliceId | QuarantinedMask, ...]:
    """Raises AltuiError for a name that is no slice's."""
    return tuple(one if isinstance(one, QuarantinedMask) else as_slices((one,))[0] for one in which)
