"""The train stage: from the labels to `model.pt`, whatever was done before a kill."""

import os
from pathlib import Path

from altui.config import Model
from altui.errors import AltuiError
from altui.jobs.folder import CHECKPOINT, JobFolder, JobSpec
from altui.text import listing, plain
from altui.worker.checkpoint import load_network, save_network
from altui.worker.compute import Compute
from altui.worker.log import say
from altui.worker.network import Network
from altui.worker.progress import Tracker
from altui.worker.resume import SavedTraining
from altui.worker.samples import LabelledSlices, OpenSample, of_split
from altui.worker.train import Trainer


def fit(
    folder: JobFolder,
    spec: JobSpec,
    network: Network,
    slices: LabelledSlices,
    samples: dict[str, OpenSample],
    compute: Compute,
    tracker: Tracker,
) -> float:
    """Train `network` in place and write `model.pt`; returns the loss at the end.

    A training that an earlier process finished or began is not repeated. Raises AltuiError,
    OSError.
    """
    config, key = spec.config, spec.training_key()
    saved = SavedTraining(folder.path, key, config.training.save_seconds)
    loss = _finished(folder, key, network)
    if loss is not None:
        say(f"{CHECKPOINT} is there already: the training is not repeated")
        steps = config.training.total_steps(len(slices))
        tracker.begin("train", steps)
        tracker.advance(steps)
        tracker.end()
        saved.remove()
        return loss
    state = saved.find()
    if state is None and config.training.start == "warm":
        _warm_up(network, spec)
    trainer = Trainer(network, slices, of_split(samples, "validation"), config, compute)
    if state is not None:
        trainer.restore(state)
    del state  # several times the network's size
    loss = trainer.run(tracker, saved)
    save_network(
        folder.path / CHECKPOINT,
        network,
        config.model,
        config.classes.names,
        {name: sample.normalise.describe() for name, sample in samples.items()},
        key,
        loss,
    )
    saved.remove()
    return loss


def _finished(folder: JobFolder, key: str, network: Network) -> float | None:
    """Load what an earlier process trained and return its loss; None where there is nothing."""
    path = folder.path / CHECKPOINT
    if not path.exists():
        return None
    try:
        trained, content = load_network(path)
        if content.get("key") != key:
            raise AltuiError("it is of another training (labels or settings changed since)")
        network.inner.load_state_dict(trained.inner.state_dict())
    except AltuiError as error:
        say(f"{CHECKPOINT} cannot be used, so training starts anew: {error.message}")
        return None
    return float(content["loss"])


def _warm_up(network: Network, spec: JobSpec) -> None:
    """Start from the last round's network, where there is one that fits."""
    if spec.previous is None:
        say("no earlier round: training starts fresh")
        return
    folder = Path(spec.project) / spec.previous
    path = folder / CHECKPOINT
    try:
        previous, content = load_network(path)
        measured = learnt_and_measured(JobFolder(folder).spec(), spec)
    except AltuiError as error:
        say(f"training starts fresh: {error.message}")
        return
    model = spec.config.model
    then = Model(
        architecture=content["architecture"],
        encoder=content["encoder"],
        encoder_weights=model.encoder_weights,
        context_slices=previous.channels // 2,
        dropout=model.dropout,
    )
    if then != model or content["classes"] != list(spec.config.classes.names):
        say("training starts fresh: the last round's network has another shape or other classes")
        return
    if measured:
        say(f"training starts fresh: the last round's network learnt from {listing(measured)}")
        return
    network.inner.load_state_dict(previous.inner.state_dict())
    say(f"training starts from {plain(path)}")


def learnt_and_measured(then: JobSpec, now: JobSpec) -> list[str]:
    """Samples that a network would be measured on and has learnt from: they were moved from the
    training split, whatever they are called now. By their figures it would seem too good.
    """
    learnt = {label.sample for label in then.labels}
    files = {os.path.normpath(one.images) for one in then.config.samples if one.name in learnt}
    return [
        one.name
        for one in now.config.samples
        if one.split != "train" and (one.name in learnt or os.path.normpath(one.images) in files)
    ]
