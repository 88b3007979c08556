"""`altui check`: whether every file that altui keeps is what was accepted."""

from collections.abc import Iterator

from altui.labels.kept import digest_of
from altui.labels.stored import Progress, Stored, damaged, orphans, stored_files
from altui.setup.finding import Finding
from altui.store.history import History
from altui.text import count, listing, plain
from altui.workspace import Workspace


def stored_findings(
    workspace: Workspace, history: History, progress: Progress
) -> Iterator[Finding]:
    """Hashes every label and every original."""
    stored = stored_files(history)
    broken = list(damaged(workspace.root, stored, progress))
    labels = [(one, how) for one, how in broken if not one.original]
    originals = [(one, how) for one, how in broken if one.original]
    if labels:
        yield Finding(
            "error", "labels", f"{_list(labels)}: damaged or gone", _way_out(workspace, labels)
        )
    if originals:
        yield Finding(
            "error",
            "originals",
            f"{_list(originals)}: damaged or gone; the labels made of them are another matter",
            "import those files again, or bring .altui/originals back from a backup",
        )
    if not broken:
        files = sum(one.original for one in stored)
        yield Finding(
            "ok",
            "labels",
            f"{count(len(history.labels), 'revision')} and {count(files, 'original')}, "
            "every hash right",
        )
    lying = orphans(workspace.state, stored)
    if lying:
        yield Finding(
            "ok",
            "labels",
            f"{count(len(lying), 'file')} without a row, of imports that were killed or are "
            f"going on: {listing((path.name for path in lying), shown=2)}; harmless",
        )


def _list(broken: list[tuple[Stored, str]]) -> str:
    return listing(f"{one.said} ({how})" for one, how in broken)


def _way_out(workspace: Workspace, labels: list[tuple[Stored, str]]) -> str:
    """Names the first whole original: from it the mask can be made again."""
    for one, _ in labels:
        for label in reversed(one.labels):
            if label.original and digest_of(workspace.root / label.original) == label.source_sha256:
                return (
                    "import the masks again (as it came, that of "
                    f"{label.slice} is {plain(label.original)}), or bring .altui/labels back "
                    "from a backup: altui restore FILE into another folder"
                )
    return "bring .altui/labels back from a backup, or import the masks again"
