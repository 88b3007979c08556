"""What changed between two rounds besides new labels: why a gain may not be one.

A difference in mIoU is a round's gain only where nothing else moved. Labels drawn anew,
other test masks or another recipe move it too, and then it is shown but not counted.
"""

from typing import Any

from altui.jobs.folder import ANYWHERE, JobSpec
from altui.rounds.gain import Confusions
from altui.slices import SliceId
from altui.store.history import History
from altui.text import count, listing, plain

Settings = dict[str, dict[str, Any]]
TABLES = ("classes", "model", "training", "augmentation")


def settings_of(spec: JobSpec) -> Settings:
    """The tables of altui.toml that a job's figures depend on; where it runs is left out."""
    tables: Settings = spec.config.model_dump(mode="json", include=set(TABLES))
    tables["training"] = {k: v for k, v in tables["training"].items() if k not in ANYWHERE}
    return tables


def changes(
    history: History, before: str, after: str, split: str, first: Confusions, second: Confusions
) -> tuple[str, ...]:
    """Sentences on what else changed between the jobs `before` and `after`, whose confusions
    on the watched `split` are `first` and `second`; empty where the gain is one.
    """
    settings = {row.job: row.settings for row in history.job_settings}
    return (
        *label_changes(history, before, after),
        *mask_changes(split, first, second),
        # Not known of jobs from before altui kept them, which is no reason to distrust all.
        *setting_changes(settings.get(before, {}), settings.get(after, {})),
    )


def label_changes(history: History, before: str, after: str) -> tuple[str, ...]:
    """Slices that both networks should have learnt from alike, and did not."""
    old, new = _masks(history, before), _masks(history, after)
    redrawn = [one for one in old if one in new and old[one] != new[one]]
    gone = [one for one in old if one not in new]
    found = []
    if redrawn:
        were = "was" if len(redrawn) == 1 else "were"
        told = f"{count(len(redrawn), 'label')} {were} corrected since"
        found.append(f"{told}: {listing(redrawn, shown=4)}")
    if gone:
        found.append(f"{_label(gone)} no longer used: {listing(gone, shown=4)}")
    return tuple(found)


def mask_changes(split: str, first: Confusions, second: Confusions) -> tuple[str, ...]:
    """A confusion's rows add up to the labelled pixels of each class: other sums, other masks."""
    old, new = (
        {sample: tuple(map(sum, rows)) for sample, rows in confusions}
        for confusions in (first, second)
    )
    found = []
    for sentence, samples in (
        ("measured on {} more {} {}: {}", [one for one in new if one not in old]),
        ("measured on {} fewer {} {}: {}", [one for one in old if one not in new]),
    ):
        if samples and old and new:
            noun = "sample" if len(samples) == 1 else "samples"
            names = listing(samples, shown=4)
            found.append(sentence.format(len(samples), split, noun, names))
    other = [one for one in new if one in old and new[one] != old[one]]
    if other:
        found.append(f"other {split} masks: {listing(other, shown=4)}")
    return tuple(found)


def setting_changes(before: Settings, after: Settings) -> tuple[str, ...]:
    """Keys that one of the two altuis did not have are passed over: they say nothing."""
    return tuple(
        f"[{table}] {key} is {plain(_said(after[table][key]))}, and was {plain(_said(keys[key]))}"
        for table, keys in before.items()
        for key in keys
        if table in after and key in after[table] and after[table][key] != keys[key]
    )


def _masks(history: History, job: str) -> dict[SliceId, str]:
    """The digest of each mask that a job's network learnt from."""
    used = (history.labels_by_id[one] for one in sorted(history.labels_of[job]))
    return {label.slice: label.sha256 for label in used}


def _label(slices: list[SliceId]) -> str:
    return f"{count(len(slices), 'label')} {'is' if len(slices) == 1 else 'are'}"


def _said(value: Any) -> str:
    return listing(value) if isinstance(value, list) else str(value)
