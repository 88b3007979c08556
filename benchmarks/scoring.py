"""What scoring costs beyond the network's own passes: ratios within one run.

    python benchmarks/scoring.py [DATA] [--slices 64] [--repeats 7] [--device auto]

DATA is a project folder; its training samples' slices are scored as they are (default: disks
drawn at random, 160 x 160). The network is a U-Net with a ResNet-18 encoder and random weights,
which cost as much as trained ones. All that is compared is timed by turns, and medians are told:

- one pass, from TIFF to scores and pages on disk, against the bare forward pass of the same
  network over tensors that lie in memory; and a plain DataLoader loop likewise;
- a Monte-Carlo dropout committee of ten, against ten whole forward passes in a plain DataLoader
  loop, as Baal's `predict_on_dataset` makes them, and against Baal itself where it is installed;
- the memory of pools of two sizes, each scored in a process of its own.
"""

import argparse
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import torch
from torch.utils.data import DataLoader, Dataset

from altui.config import Config, load
from altui.jobs.folder import STAGES, JobFolder
from altui.worker import compute as computing
from altui.worker.committee import committee_of
from altui.worker.compute import Compute
from altui.worker.infer import Predictor
from altui.worker.network import Network, build
from altui.worker.parts import Parts
from altui.worker.progress import Tracker
from altui.worker.samples import OpenSample, of_split, open_samples
from altui.worker.score import score

MEMBERS = 10
SIDE = 160  # of slices that are drawn
Timed = dict[str, Callable[[], float]]


class Slices(Dataset[torch.Tensor]):
    """What a plain loop reads, slice by slice."""

    def __init__(self, samples: list[OpenSample], wanted: int) -> None:
        self.places = [(s, index) for s in samples for index in range(s.images.slices)][:wanted]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, place: int) -> torch.Tensor:
        sample, index = self.places[place]
        return torch.from_numpy(sample.channels(index))


def drawn(folder: Path, slices: int, samples: int = 1) -> Config:
    """A project with slices of discs and noise, side by side in one file a sample."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    for number in range(samples):
        random = np.random.default_rng(number)
        stack = np.empty((slices, SIDE, SIDE), np.uint8)
        for page in stack:
            x, y, radius = random.uniform(40, 120, 3)
            inside = np.hypot(rows - y, columns - x) < radius / 2
            page[:] = np.clip(80 + 90 * inside + random.normal(0, 12, inside.shape), 0, 255)
        tifffile.imwrite(folder / f"s{number}.tif", stack, photometric="minisblack")
    tables = [{"name": f"s{n}", "split": "train", "images": f"s{n}.tif"} for n in range(samples)]
    test = {"name": "t", "split": "test", "images": "t.tif", "masks": "m.tif"}
    return Config.model_validate(
        {
            "project": {"name": "drawn"},
            "classes": {"names": ["a", "b", "c", "d"]},
            "samples": [*tables, test],
        }
    )


def cut(data: Path, folder: Path, slices: int) -> Config:
    """The first slices of a project's training samples, `slices` in all, in a file each."""
    given = load(data / "altui.toml")
    with open_samples(data, given) as samples:
        train = of_split(samples, "train")
        each = -(-slices // len(train))
        for sample in train:
            stack = np.stack([sample.images.read(index) for index in range(each)])
            tifffile.imwrite(folder / f"{sample.name}.tif", stack, photometric="minisblack")
    kept = [
        one.model_copy(update={"images": f"{one.name}.tif", "masks": None})
        for one in given.split("train")
    ]
    test = [one for one in given.samples if one.split != "train"]
    return given.model_copy(update={"samples": (*kept, *test)})


def configured(config: Config, where: dict[str, str], **scoring: Any) -> Config:
    tables = config.model_dump(by_alias=True)
    tables["model"] |= {"encoder": "resnet18", "encoder_weights": "none", "dropout": 0.2}
    tables["training"] |= where
    tables["scoring"] |= scoring
    return Config.model_validate(tables)


def made(config: Config, compute: Compute) -> Network:
    torch.manual_seed(0)
    network, _ = build(config.model, len(config.classes.names), Path())
    network.to(compute.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.eval()
    return network


def pool_of(folder: Path, config: Config) -> Any:
    """The training samples alone, opened: the others' files are not needed here."""
    train = config.model_copy(update={"samples": config.split("train")})
    return open_samples(folder, train)


def scored(samples: list[OpenSample], predictor: Predictor, folder: Path) -> float:
    """Seconds from TIFF to scores on disk."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        job = JobFolder(Path(scratch))
        tracker = Tracker(job, dict.fromkeys(STAGES, 1.0))
        began = time.perf_counter()
        score(predictor, samples, Parts(job.path, "", 60.0), tracker)
        return time.perf_counter() - began


@torch.inference_mode()
def bare(network: Network, compute: Compute, batches: list[torch.Tensor]) -> float:
    """Seconds of the forward pass alone."""
    began = time.perf_counter()
    for batch in batches:
        with compute.autocast():
            network(batch)
    finish(compute)
    return time.perf_counter() - began


@torch.inference_mode()
def plain(network: Network, compute: Compute, slices: Slices, batch: int, passes: int) -> float:
    """Seconds of a loop over a DataLoader that keeps the mean entropy of each slice, and the
    members' predictions for BALD where there are several.
    """
    network.drop(passes > 1)
    began = time.perf_counter()
    for images in DataLoader(slices, batch):
        with compute.autocast():
            images = images.to(compute.device)
            members = [torch.softmax(network(images).float(), 1) for _ in range(passes)]
        mean = torch.stack(members).mean(0)
        doubt = torch.stack([entropy(one) for one in members]).mean(0)
        (entropy(mean) - doubt).mean((1, 2)).cpu()
        mean.argmax(1).to(torch.uint8).cpu()
    finish(compute)
    network.drop(False)
    return time.perf_counter() - began


def entropy(probabilities: torch.Tensor) -> torch.Tensor:
    found: torch.Tensor = torch.special.entr(probabilities).sum(1)
    return found


def baal(network: Network, compute: Compute, slices: Slices, batch: int) -> Callable[[], float]:
    """Baal's `predict_on_dataset` and BALD. Raises ImportError."""
    from baal.active.heuristics import BALD  # type: ignore[import-not-found]
    from baal.bayesian.dropout import patch_module  # type: ignore[import-not-found]
    from baal.modelwrapper import ModelWrapper, TrainingArgs  # type: ignore[import-not-found]

    class Labelled(Dataset[tuple[torch.Tensor, int]]):
        def __len__(self) -> int:
            return len(slices)

        def __getitem__(self, place: int) -> tuple[torch.Tensor, int]:
            return slices[place], 0

    arguments = TrainingArgs(batch_size=batch, use_cuda=compute.on_gpu, workers=0)
    wrapper = ModelWrapper(patch_module(network, inplace=False), arguments)

    def run() -> float:
        began = time.perf_counter()
        found = wrapper.predict_on_dataset(Labelled(), iterations=MEMBERS, verbose=False)
        BALD(reduction="mean").get_uncertainties(found)
        return time.perf_counter() - began

    return run


def finish(compute: Compute) -> None:
    if compute.on_gpu:
        torch.cuda.synchronize()


def by_turns(timed: Timed, repeats: int) -> dict[str, float]:
    """Median seconds of each, run one after the other so that all see the same machine."""
    found: dict[str, list[float]] = {name: [] for name in timed}
    for function in timed.values():
        function()  # the first run warms up
    for _ in range(repeats):
        for name, function in timed.items():
            found[name].append(function())
    return {name: statistics.median(values) for name, values in found.items()}


def times(
    folder: Path, given: Config, where: dict[str, str], repeats: int, members: int
) -> tuple[dict[str, float], str, int]:
    """Median seconds by what was timed, the device, and how many slices."""
    config = configured(given, where)
    compute = computing.choose(config.training)
    network = made(config, compute)
    copy = deepcopy(network)  # for Baal: a committee's hooks cannot be copied
    committee = configured(given, where, committee="dropout", members=members)
    with pool_of(folder, config) as opened:
        samples = list(opened.values())
        alone = Predictor(network, compute, 1536)
        ten = Predictor(network, compute, 1536, committee_of(committee, [network], compute))
        count = sum(sample.images.slices for sample in samples)
        batches = [
            compute.tensor(torch.from_numpy(sample.channels_of(range(at, min(at + size, end)))))
            for sample in samples
            for size in [alone.batch_size(sample.images.height, sample.images.width)]
            for end in [sample.images.slices]
            for at in range(0, end, size)
        ]
        size = max(len(batch) for batch in batches)
        slices = Slices(samples, count)
        timed: Timed = {
            "forward": lambda: bare(network, compute, batches),
            "altui": lambda: scored(samples, alone, folder),
            "loop": lambda: plain(network, compute, slices, size, 1),
            "altui x10": lambda: scored(samples, ten, folder),
            "loop x10": lambda: plain(network, compute, slices, size, members),
        }
        try:
            timed["baal x10"] = baal(copy, compute, slices, size)
        except ImportError:
            print("baal is not installed: ten whole passes in a plain loop stand for it")
        return by_turns(timed, repeats), compute.description, count


def memory(slices: int, where: dict[str, str], answer: Any) -> None:
    """Puts the process's greatest memory after scoring a pool of so many slices, in MB."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        config = configured(drawn(folder, slices), where)
        compute = computing.choose(config.training)
        with pool_of(folder, config) as opened:
            scored(list(opened.values()), Predictor(made(config, compute), compute, 1536), folder)
    # Not getrusage's: a child's begins at what its parent had.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    answer.put(int(status.split("VmHWM:")[1].split()[0]) / 1024)


def grown(slices: int, where: dict[str, str]) -> float:
    """The greatest memory of a fresh process that scores so many slices."""
    context = multiprocessing.get_context("spawn")
    answer: Any = context.Queue()
    process = context.Process(target=memory, args=(slices, where, answer))
    process.start()
    found: float = answer.get()
    process.join()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--slices", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--precision", default="auto")
    given = parser.parse_args()
    where = {"device": given.device, "precision": given.precision}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        wanted = given.slices
        config = cut(given.data, folder, wanted) if given.data else drawn(folder, wanted)
        found, device, count = times(folder, config, where, given.repeats, MEMBERS)
    print(f"{count} slices, medians of {given.repeats}, {device}")
    forward = found["forward"]
    for name, seconds in found.items():
        each = 1000 * seconds / count
        print(f"{name:10} {each:8.2f} ms a slice, {seconds / forward:6.2f} forward passes")
    if not given.no_memory:
        few, many = (grown(slices, where) for slices in (given.slices, 8 * given.slices))
        print(f"memory: {few:.0f} MB for {given.slices} slices, {many:.0f} MB for 8 times as many")


if __name__ == "__main__":
    main()
