"""`altui.toml`: read, validated and frozen."""

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

from altui.codes import Level, level_fault
from altui.errors import AltuiError
from altui.files import read_text
from altui.text import did_you_mean, listing, plain

CONFIG_NAME = "altui.toml"
Split = Literal["train", "validation", "test"]


def _no_nul(text: str) -> str:
    """No path can hold one, and no name needs one."""
    if "\0" in text:
        raise ValueError("holds a NUL character")
    return text


NAME, DEVICE = r"^\w[\w.-]*$", r"^(auto|cpu|cuda(:\d+)?)$"
PATTERNS = {
    NAME: "should be letters, digits, '_', '-' and '.' only, and begin with neither '-' nor '.'",
    DEVICE: "should be auto, cpu, cuda or cuda:NUMBER",
}
Name = Annotated[str, Field(pattern=NAME, max_length=100)]
Seed = Annotated[int, Field(ge=0, lt=1 << 32)]
Share = Annotated[float, Field(ge=0, le=1)]
NonEmpty = Annotated[str, Field(min_length=1), AfterValidator(_no_nul)]
Meaning = int | NonEmpty  # a class by id or name, or "ignore"


class Table(BaseModel):
    """A table of the file: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ProjectTable(Table):
    name: NonEmpty


class Classes(Table):
    names: Annotated[tuple[NonEmpty, ...], Field(min_length=2, max_length=255, strict=False)]
    ignore: Annotated[int, Field(ge=0, le=65535)] = 255

    @field_validator("names")
    @classmethod
    def _distinct(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        seen: dict[str, str] = {}
        for name in names:
            if not name.strip():
                raise ValueError(f"a class has a blank name, {name!r}")
            other = seen.get(_folded(name))
            if other == name:
                raise ValueError(f'two classes have the same name, "{plain(name)}"')
            if other is not None:
                raise ValueError(
                    f'"{plain(other)}" and "{plain(name)}" differ in case or spacing only'
                )
            seen[_folded(name)] = name
        return names

    @model_validator(mode="after")
    def _ignore_is_no_class(self) -> Self:
        if self.ignore < len(self.names):
            raise ValueError(
                f'ignore = {self.ignore} is also the id of class "{self.names[self.ignore]}"'
            )
        return self

    def id_of(self, meaning: int | str) -> int | None:
        """The id of a class named by id or name, in any case and spacing, or of "ignore"."""
        if isinstance(meaning, int):
            return meaning if meaning in (*range(len(self.names)), self.ignore) else None
        folded = [_folded(name) for name in self.names]
        if _folded(meaning) in folded:
            return folded.index(_folded(meaning))
        return self.ignore if _folded(meaning) == "ignore" else None


def _folded(name: str) -> str:
    """Tools write "Degradation_Layer" for "degradation layer"."""
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()


class Sample(Table):
    """One tomogram of the project; `images` and `masks` are relative to the project."""

    name: Name
    split: Split
    images: NonEmpty
    masks: NonEmpty | None = None

    @model_validator(mode="after")
    def _masks_where_measured(self) -> Self:
        if self.split != "train" and self.masks is None:
            raise ValueError(
                f'sample "{self.name}" is in the {self.split} split and needs masks = "…"'
            )
        return self


class Query(Table):
    """How the next slices are chosen."""

    strategy: NonEmpty = "foreground-random"  # none has beaten it: docs/benchmarks.md
    initial: NonEmpty = "initial"  # for round 1, which has no model
    aggregation: Literal["mean", "foreground", "top"] = "mean"  # pixels' uncertainty: over
    budget: Annotated[int, Field(ge=1, le=10_000)] = 8
    max_per_sample: Annotated[int, Field(ge=1, le=1_000_000)] = 2
    min_gap: Annotated[int, Field(ge=0, le=1_000_000)] = 5  # slices along z
    seed: Seed = 0


class Model(Table):
    """segmentation-models-pytorch names."""

    architecture: NonEmpty = "Unet"
    encoder: NonEmpty = "resnet34"
    encoder_weights: NonEmpty = "imagenet"  # or a file, or "none"
    context_slices: Annotated[int, Field(ge=0, le=16)] = 0  # neighbours on each side, as channels
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0  # in the decoder


class Training(Table):
    crop: Annotated[int, Field(ge=32, le=8192)] = 256
    batch: Annotated[int, Field(ge=1, le=4096)] = 8
    steps: Annotated[int, Field(ge=1, le=10_000_000)] = 400
    steps_per_slice: Annotated[int, Field(ge=0, le=1_000_000)] = 20  # more labels, longer training
    max_steps: Annotated[int, Field(ge=1, le=100_000_000)] = 4000
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 3e-3
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 1e-2
    class_share: Share = 0.25  # of the crops, centred on a pixel of a class drawn at random
    dice: Annotated[float, Field(ge=0, le=100)] = 1.0  # beside cross-entropy
    class_weights: Literal["none", "balanced"] = "none"  # of the cross-entropy
    hard_pixels: Annotated[float, Field(gt=0, le=1)] = 1.0  # share that counts in it
    average: Share = 0.1  # of the training, over which weights are averaged
    start: Literal["warm", "fresh"] = "warm"  # from the last round's network
    validations: Annotated[int, Field(ge=0, le=1000)] = 4  # looks that choose the checkpoint
    save_seconds: Annotated[float, Field(ge=0)] = 60.0  # between training.pt's
    seed: Seed = 0
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    device: Annotated[str, Field(pattern=DEVICE)] = "auto"
    tile: Annotated[int, Field(ge=64, le=16384)] = 1536  # larger slices are read in tiles

    def total_steps(self, labelled: int) -> int:
        """More labels, longer training."""
        return min(self.steps + self.steps_per_slice * labelled, self.max_steps)


class Augmentation(Table):
    """How crops differ from the slices. Drawn anew for each crop, up to the given strength."""

    flips: bool = True
    rotations: Literal["any", "quarter", "none"] = "any"
    scale: Share = 0.1  # 1.1 times as large, or as small
    elastic: Share = 0.01  # shifts that bend it; standard deviation, as a share of the crop
    gamma: Share = 0.2
    contrast: Share = 0.1
    brightness: Share = 0.1  # of the window from black to white
    noise: Share = 0.02  # standard deviation, as a share of that window

    @property
    def symmetries(self) -> tuple[tuple[int, bool], ...]:
        """Quarter turns, and whether mirrored before: the views of a slice that it allows."""
        turns = (0, 1, 2, 3) if self.rotations != "none" else (0, 2)
        if self.flips:
            return tuple((turn, mirrored) for mirrored in (False, True) for turn in turns)
        return tuple((turn, False) for turn in turns if turn == 0 or self.rotations != "none")


class Scoring(Table):
    """What the scoring job finds out about each slice beyond one prediction."""

    committee: Literal["none", "dropout", "augmentation", "ensemble"] = "none"
    members: Annotated[int, Field(ge=2, le=64)] = 10  # of a committee by dropout or ensemble
    test_time_augmentation: bool = False  # predict the mean over flips and quarter turns


class Stopping(Table):
    split: Literal["validation", "test"] = "test"
    min_gain: Annotated[float, Field(ge=0, le=1)] = 0.005  # in mIoU, 0..1
    patience: Annotated[int, Field(ge=1)] = 1
    max_rounds: Annotated[int, Field(ge=1)] = 20
    target: Annotated[float, Field(gt=0, lt=1)] | None = None  # mIoU to forecast


class Jobs(Table):
    runner: Literal["local", "slurm"] = "local"


class Import(Table):
    """What returned masks hold, where that is no class id, and how strictly they are checked."""

    values: dict[str, Meaning] = {}
    colours: dict[str, Meaning] = {}
    names: dict[str, Meaning] = {}  # of labels, in formats that name them
    checks: dict[str, Level] = {}  # by code: what a check leads to
    inbox: NonEmpty | None = None  # a folder to watch for masks

    @property
    def meanings(self) -> dict[str, dict[str, Meaning]]:
        """Of values, colours and names, by the key that they stand under."""
        return {"values": self.values, "colours": self.colours, "names": self.names}

    @model_validator(mode="after")
    def _keys(self) -> Self:
        for keys, pattern, wanted in (
            (self.values, r"-?[0-9]{1,10}", 'a whole number, such as 255 = "ignore"'),
            (self.colours, r"#[0-9a-fA-F]{6}", 'a colour, such as "#ff0000" = "bone"'),
        ):
            for key in keys:
                if not re.fullmatch(pattern, key):
                    raise ValueError(f"{plain(repr(key))} should be {wanted}")
        return self


class Config(Table):
    """The whole file; lengths in pixels, mIoU in 0..1."""

    project: ProjectTable
    classes: Classes
    samples: Annotated[tuple[Sample, ...], Field(min_length=1, strict=False)]
    query: Query = Query()
    model: Model = Model()
    training: Training = Training()
    augmentation: Augmentation = Augmentation()
    scoring: Scoring = Scoring()
    stopping: Stopping = Stopping()
    jobs: Jobs = Jobs()
    masks_in: Import = Field(Import(), alias="import")  # "import" is Python's own word

    @model_validator(mode="after")
    def _imports_are_classes(self) -> Self:
        for key, meanings in self.masks_in.meanings.items():
            for said, meaning in meanings.items():
                if self.classes.id_of(meaning) is None:
                    raise ValueError(
                        f"[import.{key}] {plain(said)} = {plain(repr(meaning))} is no class: write "
                        f'the name or id of one ({listing(self.classes.names)}), or "ignore"'
                    )
        return self

    @model_validator(mode="after")
    def _checks_can_be_set(self) -> Self:
        for code, level in self.masks_in.checks.items():
            if fault := level_fault(code, level):
                raise ValueError(f"[import.checks] {fault}")
        return self

    @model_validator(mode="after")
    def _committees_can_disagree(self) -> Self:
        if self.scoring.committee == "dropout" and not self.model.dropout:
            raise ValueError(
                '[scoring] committee = "dropout" needs a network with dropout: set [model] '
                "dropout, such as 0.1, before it is trained"
            )
        turned = self.scoring.committee == "augmentation" or self.scoring.test_time_augmentation
        if turned and len(self.augmentation.symmetries) == 1:
            raise ValueError(
                "[scoring] asks for the views of a slice, but [augmentation] allows only one: "
                "set flips = true or rotations, so that the network is trained on them"
            )
        return self

    @model_validator(mode="after")
    def _samples_fit_together(self) -> Self:
        seen: dict[str, Sample] = {}
        for sample in self.samples:
            # Case differs only: the bundle's files would collide on macOS and Windows.
            if sample.name.lower() in seen:
                raise ValueError(f'two samples are named "{sample.name}"')
            for other in seen.values():
                for key in ("images", "masks"):
                    path = getattr(sample, key)
                    theirs = getattr(other, key)
                    if path and theirs and os.path.normpath(path) == os.path.normpath(theirs):
                        raise ValueError(
                            f'samples "{other.name}" and "{sample.name}" have the same {key}: '
                            f"{plain(path)}"
                        )
            seen[sample.name.lower()] = sample
        if not self.split("train"):
            raise ValueError("no sample is in the train split, so there is nothing to label")
        if not self.split(self.stopping.split):
            rest: Split = "validation" if self.stopping.split == "test" else "test"
            or_else = f', or set [stopping] split = "{rest}"' if self.split(rest) else ""
            raise ValueError(
                f"no sample is in the {self.stopping.split} split, whose mIoU the stopping rule "
                f'watches: give one of the samples split = "{self.stopping.split}"' + or_else
            )
        return self

    @property
    def networks(self) -> int:
        """How many are trained each round: more than one for an ensemble."""
        return self.scoring.members if self.scoring.committee == "ensemble" else 1

    def split(self, split: Split) -> tuple[Sample, ...]:
        """The samples of one split, in the file's order."""
        return tuple(sample for sample in self.samples if sample.split == split)


def load(path: Path) -> Config:
    """Read and validate a config file. Raises AltuiError with every fault it found."""
    try:
        text = read_text(path)
    except FileNotFoundError:
        raise _not_there(path) from None
    except UnicodeDecodeError as error:
        raise AltuiError(
            f"{plain(path)} is not UTF-8 text (byte {error.start})", "save it as UTF-8"
        ) from None
    except ValueError as error:
        raise AltuiError(f"{plain(path)}: {plain(error)}", "mend it") from None
    except OSError as error:
        raise AltuiError(
            f"{plain(path)} cannot be read: {error.strerror}", "see who owns it"
        ) from None
    return parse(text, path)


def _not_there(path: Path) -> AltuiError:
    if path.is_symlink():
        return AltuiError(
            f"{plain(path)} is a link to {plain(os.readlink(path))}, which is not there",
            "bring that file back, or put the config itself in the link's place",
        )
    if not path.parent.exists():
        return AltuiError(f"{plain(path.parent)} is gone", "bring the folder back")
    if (path.parent / ".altui").exists():
        return AltuiError(
            f"{plain(path)} is gone: this folder is a project, with labels and rounds of its own",
            "bring it back, from a backup or from what it was copied from: a new one would have to "
            "name the same classes, in the same order, and the same samples",
        )
    return AltuiError(
        f"{plain(path)} is not there", f'"altui init {plain(path.parent)}" writes one'
    )


def parse(text: str, path: Path) -> Config:
    """Validate the text of the config file `path`. Raises AltuiError with every fault in it."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AltuiError(
            f"{plain(path)}: not valid TOML: {plain(error)}", "mend that line"
        ) from None
    except (ValueError, RecursionError) as error:  # numbers and nesting without end
        raise AltuiError(f"{plain(path)}: {plain(error)}", "mend it") from None
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        faults = [_describe(fault, data) for fault in error.errors()]
        raise AltuiError(
            "\n".join(f"{plain(path)}: {fault}" for fault in faults),
            f"mend {CONFIG_NAME}; the README lists every key",
        ) from None


def _describe(fault: Any, data: dict[str, Any]) -> str:
    """One pydantic fault in the words of the file: `[query] budgett: unknown key; …`."""
    *parents, key = fault["loc"] or ("",)
    where = _place(fault["loc"], data)
    match fault["type"]:
        case "extra_forbidden":
            known = _keys_at(tuple(parents))
            nearest = did_you_mean(str(key), known)
            return f"{where}: unknown key{nearest or '; known keys: ' + listing(known, shown=20)}"
        case "missing":
            return f"{where}: missing"
        case "value_error":
            message = plain(fault["ctx"]["error"])
            return f"{where}: {message}" if where else message
        case _:
            given = fault["input"]
            shown = f", not {plain(repr(given))}" if not isinstance(given, dict | list) else ""
            return f"{where}: {_sentence(fault)}{shown}"


def _sentence(fault: Any) -> str:
    message: str = fault["msg"]
    if message.startswith("String should match pattern"):
        message = PATTERNS[fault["ctx"]["pattern"]]
    message = re.sub(r"(Tuple|List) should have", "should have", message)
    message = re.sub(r" after validation, not \d+", "", message)
    message = message.replace("a valid tuple", "a list")
    message = re.sub(r"a valid dictionary( or instance of \w+)?", "a table", message)
    return message.replace("Input should be", "should be").replace("String should", "should")


def _place(loc: tuple[int | str, ...], data: dict[str, Any]) -> str:
    """`[[samples]] "screw01" masks` for ("samples", 0, "masks")."""
    words: list[str] = []
    for depth, part in enumerate(loc):
        if part == "samples" and depth == 0 and len(loc) > 1:
            words.append("[[samples]]")
        elif isinstance(part, int):
            entry = data["samples"][part] if loc[0] == "samples" else None
            name = entry.get("name") if isinstance(entry, dict) else None
            words.append(f'"{plain(name)}"' if isinstance(name, str) else f"entry {part + 1}")
        elif depth == 0 and (part in tables() or isinstance(data.get(part), dict)):
            words.append(f"[{plain(part)}]")
        else:
            words.append(plain(part))
    return " ".join(words)


def tables() -> dict[str, FieldInfo]:
    """The file's tables, by the names that they have in it."""
    return {field.alias or name: field for name, field in Config.model_fields.items()}


def _keys_at(parents: tuple[int | str, ...]) -> list[str]:
    """The known keys of the table at `parents`."""
    if not parents:
        return list(tables())
    if parents[0] == "samples":
        return list(Sample.model_fields)
    table = getattr(tables()[str(parents[0])].annotation, "model_fields", {})
    return list(table)
