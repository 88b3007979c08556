"""What people decide on the Proposals screen: each decision is a call of the project's."""

from collections.abc import Sequence

from altui.rounds.decide import Decided
from altui.rounds.propose import Proposals
from altui.rounds.state import Slate
from altui.screens.looking import LookingScreen
from altui.screens.table import RecordTable, Row
from altui.slices import SliceId
from altui.store.history import Decision
from altui.text import count, listing, plain


class DecidingScreen(LookingScreen):
    """`proposal`: the slice under the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self.proposal: SliceId | None = None
        self._go_to: str | None = None
        self._sent: set[SliceId] = set()  # approved here, and not yet in a snapshot

    @property
    def viewed(self) -> SliceId | None:
        """The slice looked at."""
        raise NotImplementedError

    @property
    def decision(self) -> Decision | None:
        """The proposal under the cursor."""
        key = self.query_one(RecordTable).selected
        if key is None or self._snapshot is None:
            return None
        return self._snapshot.status.slate.get(SliceId.parse(key))

    def forget_sent(self, slate: Slate) -> None:
        self._sent &= {decision.slice for decision in slate.in_state("proposed")}

    def arrived(self, rows: Sequence[Row]) -> str | None:
        """The row to go to, once it is there."""
        found = self._go_to if any(key == self._go_to for key, _ in rows) else None
        if found:
            self._go_to = None
        return found

    def next_undecided(self) -> SliceId | None:
        """After the cursor, round and round."""
        if self._snapshot is None:
            return None
        every = self._snapshot.status.slate.decisions
        here = next((n for n, d in enumerate(every) if d.slice == self.proposal), 0)
        for decision in (*every[here + 1 :], *every[:here]):
            if decision.state == "proposed" and decision.slice not in self._sent:
                return decision.slice
        return None

    def action_approve(self) -> None:
        decision = self.decision
        if decision is None or decision.slice in self._sent:
            return
        slice_id = decision.slice

        def failed(error: Exception) -> None:
            self._sent.discard(slice_id)
            self.altui.complain(error)

        self._sent.add(slice_id)
        self._go_on()
        self.altui.perform(lambda: self.altui.project.approve(slice_id), self._approved, failed)

    def action_approve_all(self) -> None:
        self.altui.perform(
            self.altui.project.approve_all,
            lambda decided: self.altui.say(f"{count(len(decided.changed), 'slice')} approved"),
        )

    def action_reject(self) -> None:
        if self.decision is not None:
            self._reject(self.decision, "")

    def action_reject_because(self) -> None:
        from altui.screens.ask import Ask

        if self.decision is None:
            return
        decision = self.decision

        def answered(reason: str | None) -> None:
            if reason is not None:
                self._reject(decision, reason)

        question = "Why? It is kept with the decision; the next best slice takes the place"
        self.app.push_screen(Ask(f"Reject {decision.slice}", question, "reject"), answered)

    def _reject(self, decision: Decision, reason: str) -> None:
        project = self.altui.project
        self.altui.perform(
            lambda: project.reject(decision.slice, reason=reason, seen=decision),
            self._rejected,
            waits="all",
        )

    def action_undo(self) -> None:
        self.altui.perform(self.altui.project.undo, self._undone, waits="all")

    def action_pick(self) -> None:
        instead_of = self._replaceable()
        place = f"in place of {instead_of.slice}" if instead_of else "into the round"
        question = f"Which slice, as SAMPLE:INDEX? It comes {place}, approved"
        self._ask_for_slice(question, str(self.viewed or ""), instead_of)

    def _ask_for_slice(self, question: str, given: str, instead_of: Decision | None) -> None:
        """Once more, with what was wrong, where the slice cannot be picked."""
        from altui.screens.ask import Ask

        project = self.altui.project
        place = instead_of.slice if instead_of else None

        def answered(name: str | None) -> None:
            def failed(error: Exception) -> None:
                self.altui.drop_put_off()  # it was not meant for the name
                self._ask_for_slice(self.altui.in_words(error), name or "", instead_of)

            if name:
                self.altui.perform(
                    lambda: project.pick(name, place, instead_of),
                    self._picked,
                    failed,
                    waits="all",
                )

        self.app.push_screen(Ask("Pick a slice by hand", question, "pick", given), answered)

    def _replaceable(self) -> Decision | None:
        """The proposal under the cursor, where it is still to be decided on."""
        decision = self.decision
        if decision is None or decision.state != "proposed":
            return None
        return decision

    def action_switch(self) -> None:
        from altui.screens.strategy import ChooseStrategy

        if self._snapshot is None:
            return
        project = self.altui.project

        def answered(name: str | None) -> None:
            if name:
                self.altui.perform(lambda: project.propose(name), self._switched, waits="all")

        now = self._snapshot.status.slate.strategy
        self.app.push_screen(ChooseStrategy(now), answered)

    def action_assign(self) -> None:
        from altui.screens.ask import Ask

        if self.decision is None or self._snapshot is None:
            return
        project, slice_id = self.altui.project, self.decision.slice
        claims = {claim.slice: claim.annotator for claim in self._snapshot.status.claims}

        def answered(annotator: str | None) -> None:
            if annotator:
                self.altui.perform(
                    lambda: project.assign(slice_id, annotator, instead_of=given),
                    lambda claim: self.altui.say(f"{claim.slice} is {plain(claim.annotator)}'s"),
                )

        question = "Who is to label it?"
        given = claims.get(slice_id, "")
        self.app.push_screen(Ask(f"Assign {slice_id}", question, "assign", given), answered)

    def _approved(self, decided: Decided) -> None:
        if decided.already:
            self.altui.say(f"{listing(decided.already)} was approved already")

    def _rejected(self, decided: Decided) -> None:
        if decided.replacements:
            self._go_to = str(decided.replacements[0])
        else:
            self._go_on()
        if decided.already:
            self.altui.say(f"{listing(decided.already)} was rejected already")
        elif decided.shortfall:
            self.altui.say(f"nothing takes its place: {decided.shortfall}", "warning")

    def _picked(self, decided: Decided) -> None:
        picked = (*decided.changed, *decided.already)
        self._go_to = str(picked[0])
        self.altui.say("; ".join((f"{listing(picked)} is in the round", *decided.notes)))

    def _switched(self, proposals: Proposals) -> None:
        told = f"{plain(proposals.strategy)} proposes now"
        if proposals.shortfall:
            self.altui.say(f"{told}: {proposals.shortfall}", "warning")
        else:
            self.altui.say(told)

    def _undone(self, decided: Decided) -> None:
        self._sent.difference_update(decided.changed)
        self._go_to = str(decided.changed[0]) if decided.changed else None
        self.altui.say(f"taken back: {decided.said}")

    def _go_on(self) -> None:
        """The cursor to the next undecided slice."""
        following = self.next_undecided()
        if following is not None:
            self.query_one(RecordTable).select(str(following))
