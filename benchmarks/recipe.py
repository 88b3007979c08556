"""What a training recipe makes of a few labelled slices: one training, one line of JSON.

    python benchmarks/recipe.py DATA --recipe default --slices 8,24,80 --out recipe.jsonl
    python benchmarks/recipe.py --out recipe.jsonl          # the table so far

DATA is a project folder whose training samples have masks, such as the mouse-skull data.
The slices are the first of one random order of all training slices, so fewer are a part of
more. The network is evaluated on every third slice of the validation and test samples. What
the file holds already is not trained again.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from altui.config import Config, load
from altui.jobs.folder import JobFolder, LabelSpec
from altui.metrics import class_iou, mean_iou
from altui.worker import compute as computing
from altui.worker.evaluate import confusion
from altui.worker.infer import Predictor
from altui.worker.network import build
from altui.worker.progress import Tracker
from altui.worker.resume import SavedTraining
from altui.worker.samples import LabelledSlices, OpenSample, of_split, open_samples
from altui.worker.train import Trainer

Tables = dict[str, dict[str, Any]]

PLAIN: Tables = {
    "training": {"class_share": 0.0, "average": 0.0, "validations": 0},
    "augmentation": {
        **{"flips": True, "rotations": "quarter", "scale": 0.0, "elastic": 0.0},
        **{"gamma": 0.0, "contrast": 0.1, "brightness": 0.1, "noise": 0.0},
    },
}
WARP = {"rotations": "any", "scale": 0.2, "elastic": 0.02}
LIGHT = {"gamma": 0.2, "noise": 0.02}


def changed(base: Tables, **tables: dict[str, Any]) -> Tables:
    return {name: {**base.get(name, {}), **tables.get(name, {})} for name in {*base, *tables}}


# Each name says what differs from the recipe before the last "+".
RECIPES: dict[str, Tables] = {
    "default": {},
    "plain": PLAIN,
    "plain+average": changed(PLAIN, training={"average": 0.1}),
    "plain+classes": changed(PLAIN, training={"class_share": 0.5}),
    "plain+warp": changed(PLAIN, augmentation=WARP),
    "plain+light": changed(PLAIN, augmentation=LIGHT),
    "all": changed(
        PLAIN, training={"class_share": 0.5, "average": 0.1}, augmentation={**WARP, **LIGHT}
    ),
}
MINIATURE: Tables = {  # of the problem: for 120 to 180 pixel slices and a CPU
    "model": {"encoder": "resnet18", "encoder_weights": "none"},
    "training": {"crop": 128, "batch": 8},
}


def configured(data: Path, recipe: str, options: list[str], seed: int) -> Config:
    """The data's config under a recipe; `options` are TABLE.KEY=JSON, on top of it."""
    tables: Tables = changed(MINIATURE, **RECIPES[recipe])
    for option in options:
        key, _, value = option.partition("=")
        table, _, key = key.partition(".")
        tables.setdefault(table, {})[key] = json.loads(value)
    tables.setdefault("training", {})["seed"] = seed
    given = load(data / "altui.toml").model_dump(by_alias=True)
    for name, values in tables.items():
        given[name] = {**given[name], **values}
    return Config.model_validate(given)


def oracle(data: Path, config: Config, wanted: int, seed: int) -> list[LabelSpec]:
    """The first `wanted` of all training slices in a random order, labelled by the oracle."""
    with open_samples(data, config) as samples:
        every = [
            LabelSpec(sample=s.name, index=i, path=str(s.sample.masks), revision=0, page=i)
            for s in of_split(samples, "train")
            for i in range(s.images.slices)
        ]
    order = np.random.default_rng(seed).permutation(len(every))
    return [every[place] for place in order[:wanted]]


@torch.inference_mode()
def measured(predictor: Predictor, samples: list[OpenSample], every: int) -> dict[str, Any]:
    """mIoU and class IoU over every so many slices of the samples."""
    classes = predictor.network.classes
    total = np.zeros((classes, classes), np.int64)
    for sample in samples:
        for index in range(every // 2, sample.images.slices, every):
            images = predictor.stage(sample.channels(index)[None])
            predicted = predictor.probabilities(images).argmax(1).to(torch.uint8)
            total += confusion(sample.mask(index), predicted[0].cpu().numpy(), classes)
    return {"miou": mean_iou(total), "classes": np.nan_to_num(class_iou(total)).round(4).tolist()}


def run(data: Path, config: Config, slices: int, label_seed: int, every: int) -> dict[str, Any]:
    """Train and evaluate once."""
    compute = computing.choose(config.training)
    labels = oracle(data, config, slices, label_seed)
    with open_samples(data, config) as samples, tempfile.TemporaryDirectory() as scratch:
        labelled = LabelledSlices(labels, samples, data, config.classes)
        torch.manual_seed(config.training.seed)
        network, _ = build(config.model, len(config.classes.names), data)
        network = network.to(compute.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        folder = JobFolder(Path(scratch))
        tracker = Tracker(folder, {"train": 1.0, "evaluate": 0.0, "score": 0.0})
        trainer = Trainer(network, labelled, of_split(samples, "validation"), config, compute)
        began = time.monotonic()
        loss = trainer.run(tracker, SavedTraining(folder.path, "", 1e9))
        seconds = time.monotonic() - began
        predictor = Predictor(network, compute, config.training.tile)
        return {
            "steps": trainer.steps,
            "seconds": round(seconds),
            "loss": round(loss, 4),
            "device": compute.description,
            **{
                split: measured(predictor, of_split(samples, split), every)
                for split in ("validation", "test")
            },
        }


def table(lines: list[dict[str, Any]]) -> None:
    """Mean test mIoU, spread over runs, by recipe and number of slices."""
    found: dict[tuple[str, int, int], list[float]] = defaultdict(list)
    for line in lines:
        found[line["name"], line["slices"], line["steps"]].append(
            (line["test"]["miou"] + line["validation"]["miou"]) / 2
        )
    for (name, slices, steps), values in sorted(found.items(), key=lambda x: (x[0][1], x[0][0])):
        spread = f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else ""
        mean = statistics.mean(values)
        print(f"{slices:5} slices {steps:5} steps  {mean:.4f}{spread} ({len(values)})  {name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--recipe", choices=RECIPES, default="default")
    parser.add_argument("--set", action="append", default=[], metavar="TABLE.KEY=JSON")
    parser.add_argument("--slices", default="8,24,80")
    parser.add_argument("--label-seeds", default="0")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--every", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    done = [json.loads(x) for x in given.out.read_text().splitlines()] if given.out.exists() else []
    if given.data is None:
        table(done)
        return
    for slices in map(int, given.slices.split(",")):
        for label_seed in map(int, given.label_seeds.split(",")):
            for seed in map(int, given.seeds.split(",")):
                name = " ".join([given.recipe, *given.set])
                about = {
                    **{"name": name, "slices": slices, "label_seed": label_seed},
                    **{"seed": seed, "every": given.every},
                }
                if any(about.items() <= line.items() for line in done):
                    continue
                config = configured(given.data, given.recipe, given.set, seed)
                line = about | run(given.data, config, slices, label_seed, given.every)
                print(json.dumps(line), file=sys.stderr)
                with given.out.open("a") as file:
                    file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
