"""Any order of decisions by two people keeps the round's rules."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from altui import AltuiError, Project
from altui.slices import SliceId
from tests.conftest import write_project

PLACES = st.integers(0, 11)
PEOPLE = st.sampled_from(["anna", "bert"])


class Decisions(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        root = write_project(self.folder / "project")
        self.people = {who: Project.open(root, who) for who in ("anna", "bert")}
        self.events = 0
        self.most = 3  # slices in the batch: picks by hand may go beyond the budget

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @rule(who=PEOPLE, place=PLACES)
    def approve(self, who: str, place: int) -> None:
        self._try(who, "approve", place)

    @rule(who=PEOPLE, place=PLACES)
    def reject(self, who: str, place: int) -> None:
        self._try(who, "reject", place)

    @rule(who=PEOPLE, sample=st.sampled_from(["s1", "s2", "s3"]), index=PLACES)
    def pick(self, who: str, sample: str, index: int) -> None:
        project = self.people[who]
        before = len(project.proposals().slate.active)
        undecided = project.proposals().slate.in_state("proposed")
        project.pick(SliceId(sample, index))
        self.most = max(self.most, before + (not undecided))

    @rule(who=PEOPLE, strategy=st.sampled_from(["initial", "random", "equidistant"]))
    def propose(self, who: str, strategy: str) -> None:
        self.people[who].propose(strategy)

    @rule(who=PEOPLE)
    def undo(self, who: str) -> None:
        before = self.people[who].proposals().slate
        offered = self.people[who].status().undoable
        try:
            undone = self.people[who].undo()
        except AltuiError:
            assert not offered
            assert self.people[who].proposals().slate == before
        else:
            assert offered.startswith(undone.what)

    @rule(who=PEOPLE)
    def approve_all(self, who: str) -> None:
        self.people[who].approve_all()
        assert not self.people[who].proposals().slate.in_state("proposed")

    def _try(self, who: str, what: str, place: int) -> None:
        decisions = self.people[who].proposals().slate.decisions
        chosen = decisions[place % len(decisions)]
        wanted = {"approve": "approved", "reject": "rejected"}[what]
        try:
            getattr(self.people[who], what)(chosen.slice)
        except AltuiError:
            assert what == "approve"
            assert chosen.state == "rejected"
            return
        found = self.people[who].proposals().slate.get(chosen.slice)
        assert found is not None
        assert found.state == wanted

    @invariant()
    def only_picks_make_the_batch_larger_than_the_budget(self) -> None:
        slate = self.people["anna"].proposals().slate
        assert len(slate.active) <= self.most
        assert len({d.slice for d in slate.decisions}) == len(slate.decisions)

    @invariant()
    def both_see_the_same(self) -> None:
        one, other = (self.people[who].status() for who in ("anna", "bert"))
        assert replace(one, undoable="") == replace(other, undoable="")

    @invariant()
    def events_are_only_added(self) -> None:
        events = len(self.people["anna"].workspace.store.history().events)
        assert events >= self.events
        self.events = events


Decisions.TestCase.settings = settings(max_examples=12, stateful_step_count=15, deadline=None)
test_decisions = Decisions.TestCase
