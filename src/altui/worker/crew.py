"""The trainings of a simulation that are under way, each a process of its own."""

import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from altui.config import Config
from altui.errors import AltuiError
from altui.jobs import local
from altui.jobs.folder import JobFolder
from altui.simulation.nodes import Node, ended, is_training, stop_all
from altui.text import plain
from altui.worker.log import say
from altui.worker.slots import THREADS, available_cores, free_device

ATTEMPTS = 2  # of a training that dies without a word; it goes on from its checkpoint


@dataclass
class Hand:
    """A training under way; `child` is None for one that a killed simulation had started."""

    node: Node
    folder: JobFolder
    device: str
    child: subprocess.Popen[bytes] | None

    def works(self) -> bool:
        return is_training(self.folder) if self.child is None else self.child.poll() is None


class Crew:
    """Starts trainings on free devices and notices how they end."""

    def __init__(self, project: Path, config: Config, devices: list[str], parallel: int) -> None:
        self.project, self.config = project, config
        self.devices, self.parallel = devices, parallel
        self.hands: dict[str, Hand] = {}
        self.failures: dict[str, AltuiError] = {}
        self._died: dict[str, int] = {}
        self._lock = threading.Lock()
        self._stopped = False

    def start(self, wanted: list[Node]) -> None:
        """Take up what is still being trained, then fill the free devices. Raises AltuiError."""
        open_nodes = [node for node in wanted if node.key not in self.hands | self.failures]
        for node in open_nodes:
            folder = node.folder(self.project)
            if is_training(folder):
                say(f"{_name(node)} is still being trained: waiting for it")
                device = folder.spec().config.training.device
                self.hands[node.key] = Hand(node, folder, device, None)
        for node in open_nodes:
            if node.key in self.hands:
                continue
            busy = [hand.device for hand in self.hands.values()]
            free = free_device(self.devices, busy, self.parallel)
            if free is None:
                return
            self._launch(node, free)

    def tend(self) -> bool:
        """Let go of those that have ended; whether there were any."""
        over = [hand for hand in self.hands.values() if not hand.works()]
        for hand in over:
            del self.hands[hand.node.key]
            self._note(hand)
        return bool(over)

    def progress(self) -> float:
        """How much of the trainings under way is done, in trainings."""
        lines = [hand.folder.last_progress() for hand in self.hands.values()]
        return sum(line.progress for line in lines if line is not None)

    def stop(self) -> None:
        """End every training and start none any more; from any thread."""
        with self._lock:
            self._stopped = True
            folders = [hand.folder for hand in self.hands.values()]
        stop_all(folders)

    def _launch(self, node: Node, device: str) -> None:
        with self._lock:  # or a training started while the others are stopped would go on
            if self._stopped:
                return
            try:
                folder = node.prepare(self.project, self.config, device)
            except OSError as error:
                raise AltuiError(
                    f"the folder of {_name(node)} could not be written: {plain(error)}",
                    "free some space, then run the same altui simulate again",
                ) from None
            self.hands[node.key] = Hand(
                node, folder, device, local.launch(folder, **self._environment(device))
            )
        say(f"{_name(node)}: training on {device}, in {folder.id}")

    def _environment(self, device: str) -> dict[str, str]:
        """Trainings that share the CPU share its cores: more threads than cores are slow."""
        if device != "cpu" or self.parallel == 1:
            return {}
        return {THREADS: str(max(available_cores() // self.parallel, 1))}

    def _note(self, hand: Hand) -> None:
        """Why a training gave no result, if it did not."""
        node, result = hand.node, ended(hand.folder)
        if result is not None and result.state == "finished":
            return
        if result is not None:
            self._fail(hand, AltuiError(f"{_name(node)}: {result.message}", result.hint))
            return
        self._died[node.key] = self._died.get(node.key, 0) + 1
        code = hand.child.returncode if hand.child else None
        what = "was killed" if code is None or code < 0 else f"ended with status {code}"
        say(f"{_name(node)} {what} and left no result")
        if self._died[node.key] >= ATTEMPTS:
            self._fail(
                hand,
                AltuiError(
                    f"{_name(node)} {what} {ATTEMPTS} times and left no result: out of memory?",
                    f"its log is {plain(hand.folder.path / 'log.txt')}",
                ),
            )

    def _fail(self, hand: Hand, error: AltuiError) -> None:
        self.failures[hand.node.key] = error
        say(f"failed: {error.message}")
        for line in hand.folder.log_tail(10):
            say(f"  | {line}")


def _name(node: Node) -> str:
    what = f"round {node.round}" if node.round else "full supervision"
    return f"{what} of seed {node.seed} with {len(node.slices)} slices"
