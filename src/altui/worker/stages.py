"""A train job: train, evaluate, score."""

from dataclasses import dataclass
from pathlib import Path

import torch

from altui.config import Config
from altui.jobs.folder import Confusion, JobFolder, JobSpec, Stage
from altui.metrics import class_iou, mean_iou, total
from altui.text import count, plain
from altui.worker import compute as computing
from altui.worker.committee import committee_of, measured_by, passes
from altui.worker.compute import Compute
from altui.worker.evaluate import check_masks, evaluate
from altui.worker.fit import fit
from altui.worker.infer import Predictor
from altui.worker.log import say
from altui.worker.members import member_jobs, scoring_key
from altui.worker.network import SMP_VERSION, Network, build
from altui.worker.parts import Parts
from altui.worker.previous import previous_of
from altui.worker.progress import Tracker
from altui.worker.samples import LabelledSlices, OpenSample, of_split, open_samples
from altui.worker.score import score

TRAINING_COST = 3.0  # a step forward and back, in forward passes


@dataclass(frozen=True)
class Outcome:
    """What goes into `result.json`."""

    device: str
    train_loss: float
    confusions: dict[str, dict[str, Confusion]]
    stability: Confusion | None = None


def run(folder: JobFolder, spec: JobSpec) -> Outcome:
    """All stages of a train job; leaves its artefacts in the folder. Raises AltuiError."""
    config, project = spec.config, Path(spec.project)
    say(f"job {folder.id}: round {spec.round} of {plain(project)}")
    compute = computing.choose(config.training)
    say(f"computing on {compute.description}; torch {torch.__version__}, smp {SMP_VERSION}")
    with open_samples(project, config) as samples:
        slices = LabelledSlices(spec.labels, samples, project, config.classes)
        _tell_labels(slices, config)
        measured = [*of_split(samples, "validation"), *of_split(samples, "test")]
        if spec.previous is None:  # later rounds have been through them once
            check_masks(measured)
        if config.model.encoder_weights != "none":
            say(f"loading encoder weights: {config.model.encoder_weights}")
        network, weights = _build(config, compute, project)
        _tell_network(network, config, weights)
        pool = of_split(samples, "train") if spec.score else []
        others = member_jobs(folder, spec)  # also where nothing is scored: they predict together
        work = _work(network, config, len(slices), measured, pool, 1 + len(others))
        work["train"] *= 1 + len(others)
        tracker = Tracker(folder, work, trainings=1 + len(others))

        loss = fit(folder, spec, network, slices, samples, compute, tracker)
        networks = [network]
        for number, (member, own) in enumerate(others, 2):
            say(f"training network {number} of {1 + len(others)}")
            one, _ = _build(own.config, compute, project)
            fit(member, own, one, slices, samples, compute, tracker)
            networks.append(one.eval())
        tile = config.training.tile
        predictor = Predictor(network, compute, tile, measured_by(config, networks, compute))
        confusions = evaluate(predictor, measured, len(config.classes.names), tracker)
        stability = None
        if spec.score:
            predictor = Predictor(network, compute, tile, committee_of(config, networks, compute))
            key = scoring_key(spec, [folder, *(member for member, _ in others)])
            parts = Parts(folder.path, key, config.training.save_seconds)
            stability = score(predictor, pool, parts, tracker, previous_of(spec))
    # Not before the end: figures of a job that never ends are no counted use of the test split.
    _tell_results(confusions, config.classes.names)
    say(f"loss {loss:.4f}; seconds: {_seconds(tracker)}")
    return Outcome(compute.description, loss, confusions, stability)


def _build(config: Config, compute: Compute, project: Path) -> tuple[Network, str]:
    """The network on its device, and what its first weights are, in words."""
    torch.manual_seed(config.training.seed)
    network, weights = build(config.model, len(config.classes.names), project)
    return network.to(compute.device, memory_format=torch.channels_last), weights  # type: ignore[call-overload]


def _work(
    network: Network,
    config: Config,
    labelled: int,
    measured: list[OpenSample],
    pool: list[OpenSample],
    networks: int,
) -> dict[Stage, float]:
    """Pixels through the network, by stage."""
    settings = config.training
    crop = network.padded_side(settings.crop) ** 2
    views = len(config.augmentation.symmetries) if config.scoring.test_time_augmentation else 1
    return {
        "train": TRAINING_COST * settings.total_steps(labelled) * settings.batch * crop,
        "evaluate": float(networks * views * sum(sample.pixels for sample in measured)),
        "score": float(passes(config) * sum(sample.pixels for sample in pool)),
    }


def _tell_labels(slices: LabelledSlices, config: Config) -> None:
    names = config.classes.names
    samples = len({label.sample for label in slices.labels})
    say(f"{count(len(slices), 'labelled slice')} of {count(samples, 'sample')}")
    pixels = slices.pixels()
    labelled = int(pixels[: len(names)].sum())
    for name, found in zip(names, pixels, strict=False):
        if found:
            say(f"  {name}: {found:,} pixels ({100 * found / labelled:.2f} %)")
        else:
            say(f"  {name}: no labelled pixel yet, so the network cannot learn it")
    if pixels[-1]:
        say(f"  ignored: {pixels[-1]:,} pixels")


def _tell_network(network: Network, config: Config, weights: str) -> None:
    millions = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    say(
        f"network: {config.model.architecture} with {config.model.encoder}, "
        f"{millions:.1f} million parameters, {weights}"
    )


def _tell_results(confusions: dict[str, dict[str, Confusion]], names: tuple[str, ...]) -> None:
    for split, found in confusions.items():
        matrix = total(found)
        by_class = ", ".join(
            f"{name} {value:.4f}" for name, value in zip(names, class_iou(matrix), strict=True)
        )
        say(f"{split} mIoU {mean_iou(matrix) or 0:.4f} ({by_class})")


def _seconds(tracker: Tracker) -> str:
    return ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in tracker.seconds.items())
