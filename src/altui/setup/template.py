"""The text of a new altui.toml."""

import json
from typing import Any

from altui.config import Model, Query, Stopping, Training
from altui.setup.plan import Plan, Planned
from altui.text import count, plain

EXAMPLE = """\
# [[samples]]                          # one table a sample
# name = "screw01"
# split = "train"                      # train | validation | test
# images = "samples/screw01.tif"       # a multi-page TIFF, a folder of slices, or a glob
# masks = "masks/screw01.tif"          # needed for validation and test

"""

TEMPLATE = """\
# A project of altui's. Paths are relative to this file; lines that begin with # are
# defaults or examples. Check it with: altui check FOLDER

[project]
name = {title}

[classes]
names = [{classes}]   # position = class id in the masks
ignore = 255                          # mask value left out of training and metrics

# train: slices are proposed and labelled; validation and test: measured, so with masks.
{samples}[query]
# strategy = "foreground-random"       # from round 2 on; see: altui strategies
{initial}
{budget}
# max_per_sample = 2                   # of one round
# min_gap = 5                          # slices along z between chosen and labelled ones

[model]                                # names of segmentation-models-pytorch
# architecture = "Unet"
# encoder = "resnet34"
{weights}
# context_slices = 0                   # neighbours on each side, as channels

[training]
{crop}
# batch = 8
# steps = 400                          # and so many more for each labelled slice:
# steps_per_slice = 20
# learning_rate = 0.003
# start = "warm"                       # from the last round's network, or "fresh"

[augmentation]                         # 0, false and "none" switch off
# flips = true
# rotations = "any"                    # or "quarter", or "none" where up has a meaning
# scale = 0.1
# elastic = 0.01
# brightness = 0.1

[stopping]
{watched}
# min_gain = 0.005                     # in mIoU, 0..1
# patience = 1                         # rounds in a row below it
# max_rounds = 20
## target = 0.80                       # an mIoU to forecast the rounds to; none by default
"""


def compose(plan: Plan) -> str:
    """The text of the file, which names every sample that is not left out."""
    return TEMPLATE.format(
        title=_quoted(plain(plan.title) or "project"),
        classes=", ".join(map(_quoted, plan.class_names)),
        samples="".join(map(_sample, plan.taken)) or EXAMPLE,
        initial=_setting("initial", plan.initial, Query().initial, "for round 1, without a model"),
        budget=_setting("budget", plan.budget, Query().budget, "slices a round"),
        weights=_setting(
            "encoder_weights",
            plan.weights,
            Model().encoder_weights,
            'fetched once; or a file, or "none": random ones',
        ),
        crop=_setting("crop", plan.crop, Training().crop, "pixels a side"),
        watched=_setting("split", plan.watched, Stopping().split, "whose mIoU the rule watches"),
    )


def _sample(sample: Planned) -> str:
    image, mask = sample.image, sample.mask
    mask_line = (
        f"masks = {_quoted(mask.path.as_posix())}\n"
        if mask
        else '# masks = "masks/…"                # needed for validation and test\n'
    )
    return (
        f"[[samples]]                          # {count(image.slices, 'slice')} of "
        f"{image.width} × {image.height}\n"
        f"name = {_quoted(sample.name)}\n"
        f'split = "{sample.split}"\n'
        f"images = {_quoted(image.path.as_posix())}\n"
        f"{mask_line}\n"
    )


def _setting(key: str, value: str | int, default: Any, comment: str) -> str:
    """A line of the file; in a comment where the value is what altui takes anyhow."""
    line = f"{'# ' * (value == default)}{key} = {json.dumps(value)}"
    return f"{line:<38} # {comment}"


def _quoted(text: str) -> str:
    # TOML's basic strings escape as JSON's do.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
