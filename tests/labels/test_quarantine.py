"""Masks in doubt: kept, no labels, decided on once, never lost."""

import json
import os
import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from altui import AltuiError, Project
from altui.cli import main
from altui.labels.stored import stored_files
from altui.report.imports import import_text
from altui.setup.check import check_project
from altui.slices import SliceId
from tests.labels.conftest import SLICES, Array, Save, label_of, right_mask
from tests.labels.test_import import hash_of
from tests.labels.test_import_killed import PROCESSES, assert_files_true

Asked = tuple[SliceId, ...]


def flipped(project: Project, one: SliceId) -> Array:
    return np.fliplr(right_mask(project, one))


@pytest.fixture
def doubted(project: Project, asked: Asked, save: Save) -> Path:
    """A flipped mask, which waits in quarantine."""
    path = save(asked[0], mask=flipped(project, asked[0]))
    assert len(project.import_labels(path, annotator="bo").of("quarantined")) == 1
    return path


def rows(project: Project) -> tuple[int, int]:
    """Of quarantined masks, and of labels."""
    history = project.workspace.store.history()
    return len(history.quarantine), len(history.labels)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


def test_a_doubtful_mask_waits(project: Project, asked: Asked, doubted: Path) -> None:
    [mask] = project.quarantined()
    assert (mask.slice, mask.state, mask.codes) == (asked[0], "waiting", ("orientation",))
    assert (mask.annotator, mask.event.who) == ("bo", "anna")
    assert mask.row.source == str(doubted)
    assert (project.root / mask.row.original).read_bytes() == doubted.read_bytes()
    assert np.array_equal(project.quarantined_mask(asked[0]), flipped(project, asked[0]))
    status = project.status()
    assert asked[0] in status.missing
    assert status.state == "annotating"
    assert status.labelled == 0
    assert status.quarantined == (asked[0],)
    assert status.to_json()["quarantined"] == 1
    assert f"decide on 1 mask in quarantine ({asked[0]})" in status.todo
    assert f"{asked[0]}:" not in status.todo, "it is not waited for"
    assert_files_true(project)
    assert project.label(asked[0]) is None


def test_it_is_what_to_do_next_where_nothing_else_is(
    project: Project, asked: Asked, save: Save
) -> None:
    for one in asked:
        save(one, mask=flipped(project, one))
    project.import_labels(save(asked[0], mask=flipped(project, asked[0])).parent)
    assert project.status().todo.startswith("decide on 3 masks in quarantine (")
    with pytest.raises(AltuiError, match="3 masks are in quarantine for round 1") as caught:
        project.run()
    assert "altui quarantine PROJECT" in caught.value.hint


def test_the_same_again_adds_nothing(
    project: Project, asked: Asked, doubted: Path, save: Save
) -> None:
    before = hash_of(project.root / ".altui")
    png = save(asked[0], asked[0].file_stem(SLICES) + ".png", flipped(project, asked[0]))
    for path in (doubted, png):
        report = project.import_labels(path)
        [verdict] = report.of("quarantined")
        assert verdict.message.startswith("waits in quarantine already, since anna sent it")
        assert report.exit_status == 1
    assert hash_of(project.root / ".altui") == before


def test_accepted_it_is_a_label(project: Project, asked: Asked, doubted: Path) -> None:
    [mask] = project.accept_quarantined(str(asked[0]))
    assert (mask.state, mask.decided and mask.decided.who) == ("accepted", "anna")
    assert project.quarantined() == ()
    assert project.status().quarantined == ()
    [revision] = project.revisions(asked[0])
    assert mask.decision is not None
    assert revision.label.id == mask.decision.label
    assert (revision.annotator, revision.label.source) == ("bo", str(doubted))
    assert np.array_equal(label_of(project, asked[0]), flipped(project, asked[0]))
    assert [one.code for one in project.label_checks(asked[0])] == ["orientation"]
    assert [v.outcome for v in project.import_labels(doubted).verdicts] == ["unchanged"]
    assert_files_true(project)


def test_refused_it_is_kept_and_refused_again(
    project: Project, asked: Asked, doubted: Path
) -> None:
    [mask] = project.refuse_quarantined(asked[0], reason="flipped\n\x1b[31m")
    assert mask.state == "refused"
    assert project.quarantined() == ()
    assert [one.state for one in project.quarantined(every=True)] == ["refused"]
    assert rows(project) == (1, 0)
    [verdict] = project.import_labels(doubted).verdicts
    assert (verdict.outcome, verdict.code) == ("refused", "refused-before")
    assert "anna has refused this very mask: flipped\\n\\x1b[31m" in verdict.message
    assert [note.code for note in verdict.notes] == ["orientation"]
    assert rows(project) == (1, 0)
    assert project.import_labels(doubted, trust=True).exit_status == 0
    assert_files_true(project)


def test_a_decision_is_made_once(project: Project, asked: Asked, doubted: Path) -> None:
    other = Project.open(project.root, who="bo")
    other.accept_quarantined(asked[0])
    before = hash_of(project.root / ".altui")
    with pytest.raises(AltuiError, match=f"the mask of {asked[0]} was already accepted by bo"):
        project.accept_quarantined(asked[0])
    with pytest.raises(AltuiError, match="was already accepted by bo"):
        project.refuse_quarantined(asked[0], reason="no")
    assert hash_of(project.root / ".altui") == before


def test_many_decide_at_once(project: Project, asked: Asked, doubted: Path) -> None:
    """One of them does, the others are told who."""
    said: list[str] = []

    def decide(number: int) -> None:
        person = Project.open(project.root, who=f"person{number}")
        try:
            if number % 2:
                person.accept_quarantined(asked[0])
            else:
                person.refuse_quarantined(asked[0])
        except AltuiError as error:
            said.append(error.message)

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    [decision] = project.workspace.store.history().quarantine_decisions
    [mask] = project.quarantined(every=True)
    assert mask.decided is not None
    assert len(said) == 7
    assert all(f"was already {decision.state} by {mask.decided.who}" in one for one in said)
    assert rows(project) == (1, int(decision.state == "accepted"))


def test_a_later_good_mask_takes_its_place(
    project: Project, asked: Asked, doubted: Path, save: Save
) -> None:
    assert project.import_labels(save(asked[0])).exit_status == 0
    assert project.quarantined() == ()
    assert [one.state for one in project.quarantined(every=True)] == ["superseded"]
    with pytest.raises(AltuiError, match="anna has taken in a later one since"):
        project.accept_quarantined(asked[0])
    project.import_labels(save(asked[0], mask=flipped(project, asked[0])))
    assert [one.slice for one in project.quarantined()] == [asked[0]], "sent anew, it waits anew"
    [revision] = project.revisions(asked[0])
    project.accept_quarantined(asked[0])
    project.restore_label(asked[0], revision.number)
    assert project.status().quarantined == ()


def test_the_mask_that_was_looked_at_is_meant(
    project: Project, asked: Asked, doubted: Path, save: Save
) -> None:
    [seen] = project.quarantined()
    worse = flipped(project, asked[0])
    worse[0, 0] = 1
    Project.open(project.root, who="bo").import_labels(save(asked[0], mask=worse))
    with pytest.raises(AltuiError, match="is not the newest: bo has sent another since"):
        project.accept_quarantined(seen)
    assert np.array_equal(project.quarantined_mask(seen), flipped(project, asked[0]))
    [newest] = project.quarantined()
    project.accept_quarantined(newest)
    assert np.array_equal(label_of(project, asked[0]), worse)
    assert_files_true(project)


def test_all_are_decided_on_or_none(
    project: Project, asked: Asked, doubted: Path, save: Save
) -> None:
    with pytest.raises(AltuiError, match=f"no mask of {asked[1]} is in quarantine"):
        project.accept_quarantined(asked[0], asked[1])
    assert rows(project) == (1, 0)
    assert len(project.quarantined()) == 1


def test_a_damaged_one_cannot_be_accepted(project: Project, asked: Asked, doubted: Path) -> None:
    [mask] = project.quarantined()
    path = project.root / mask.row.path
    path.write_bytes(path.read_bytes()[:-3])
    told = [one.line() for one in check_project(project.root) if one.level == "error"]
    assert any(f"{asked[0]} quarantined mask {mask.number}" in line for line in told)
    with pytest.raises(AltuiError, match="gone or damaged"):
        project.accept_quarantined(asked[0])
    assert rows(project) == (1, 0)


def test_accepting_approves_what_was_only_proposed(folder: Path, back: Path) -> None:
    from tests.labels.conftest import save_as

    project = Project.open(folder)
    one = project.proposals().slate.decisions[0].slice
    path = save_as(back / f"{one.file_stem(SLICES)}.tif", flipped(project, one))
    project.import_labels(path)
    assert project.proposals().slate.approved == ()
    project.accept_quarantined(one)
    assert project.proposals().slate.approved == (one,)


def test_a_backup_carries_them(
    project: Project, asked: Asked, doubted: Path, tmp_path: Path
) -> None:
    project.back_up(tmp_path / "backup.tar.gz")
    result = run("restore", tmp_path / "backup.tar.gz", tmp_path / "again")
    assert result.exit_code == 0, result.output
    for name in ("images", "masks"):
        os.symlink(project.root / name, tmp_path / "again" / name)
    again = Project.open(tmp_path / "again")
    assert_files_true(again)
    again.accept_quarantined(asked[0])
    assert np.array_equal(label_of(again, asked[0]), flipped(project, asked[0]))


def test_the_rest_goes_in(project: Project, asked: Asked, save: Save) -> None:
    save(asked[0], mask=flipped(project, asked[0]))
    folder = save(asked[1]).parent
    save(asked[2], mask=right_mask(project, asked[2])[:-1])
    dry = run("import-labels", project.root, folder, "--dry-run", "--json")
    assert rows(project) == (0, 0)
    real = run("import-labels", project.root, folder, "--json")
    assert (dry.exit_code, real.exit_code) == (3, 3)
    found = json.loads(real.stdout)
    assert found == json.loads(dry.stdout)
    assert [len(found[key]) for key in ("accepted", "quarantined", "refused", "unchanged")] == [
        *(1, 1, 1),
        0,
    ]
    [entry] = found["quarantined"]
    assert (entry["slice"], entry["code"], entry["level"]) == (
        *(str(asked[0]), "orientation"),
        "quarantine",
    )
    assert entry["figures"]["edges_turned"] > entry["figures"]["edges"]
    assert found["refused"][0]["figures"]["wanted_width"] == right_mask(project, asked[2]).shape[1]


def test_the_table_has_one_file_a_line(project: Project, asked: Asked, save: Save) -> None:
    save(asked[0], mask=flipped(project, asked[0]))
    result = run("import-labels", project.root, save(asked[1]).parent)
    header, *lines, summary = result.stdout.splitlines()
    assert header.split() == ["verdict", "code", "slice", "file", "message"]
    assert sorted(line.split()[0] for line in lines) == ["accepted", "quarantined"]
    assert summary == "1 accepted, 1 quarantined"
    assert f"altui quarantine {project.root}" in result.stderr


def test_the_table_in_a_terminal(project: Project, asked: Asked, save: Save) -> None:
    """One file a line all the same, and below what there is to say of each."""
    save(asked[0], asked[0].file_stem(12) + "_as_it_was_exported_for_the_third_time_mask.tif")
    save(asked[1], mask=flipped(project, asked[1]))
    report = project.import_labels(save(asked[2]).parent, dry_run=True)
    lines = import_text(report, 80).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["verdict", "code", "slice", "file"]
    assert [line.split()[0] for line in lines[1:4]] == [v.outcome for v in report.verdicts]
    assert any(line.split()[3].startswith("…") for line in lines[1:4])
    said = " ".join(line.strip() for line in lines[4:-1])
    doubted = next(v for v in report.verdicts if v.outcome == "quarantined")
    assert doubted.message in said
    assert lines[-1].startswith("2 accepted, 1 quarantined")
    assert import_text(report, 1000) == import_text(report)


def test_the_command(project: Project, asked: Asked, doubted: Path) -> None:
    root = project.root
    assert run("quarantine", root).stdout.splitlines()[1].startswith(f"{asked[0]}")
    [entry] = json.loads(run("quarantine", root, "list", "--json").stdout)
    assert set(entry) >= {"slice", "codes", "message", "figures", "file", "who", "at", "sha256"}
    assert run("quarantine", root, "accept").exit_code == 2
    assert run("quarantine", root, "list", str(asked[0])).exit_code == 2
    assert run("quarantine", root, "accept", str(asked[1])).exit_code == 1
    assert run("quarantine", root, "accept", "--all", "--reason", "x").exit_code == 2
    done = run("quarantine", root, "refuse", "--all", "--reason", "flipped")
    assert done.exit_code == 0
    assert f"refused {asked[0]}" in done.stderr
    again = run("quarantine", root, "refuse", str(asked[0]))
    assert again.exit_code == 1
    assert "was already refused by anna: flipped" in again.stderr
    assert run("quarantine", root).stdout == "no mask is in quarantine\n"
    assert "refused by anna: flipped" in run("quarantine", root, "list", "--decided").stdout
    [decided] = json.loads(run("quarantine", root, "list", "--decided", "--json").stdout)
    assert (decided["decided"]["who"], decided["decided"]["reason"]) == ("anna", "flipped")
    assert run("quarantine", root, "accept", "--all").exit_code == 1


def kill_imports(root: Path, path: Path, seed: int, results: Any) -> None:
    """Forks imports of doubtful masks and kills most of them, each at a random moment."""
    rng, project, longest, grown = random.Random(seed), Project.open(root), 0.0, 0
    for number in range(28):
        before = len(project.workspace.store.history().quarantine)
        child = os.fork()
        if not child:
            try:
                project.import_labels(path, unasked=True)
                for mask in project.quarantined():  # so that there is work again
                    project.refuse_quarantined(mask)
                    project.import_labels(path, unasked=True, trust=True)
            finally:
                os._exit(0)
        began = time.monotonic()
        if number % 6:
            time.sleep(rng.uniform(0, 1.5 * longest))
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        if number % 6 == 0:  # the machine is not always as busy
            longest = time.monotonic() - began
        assert_files_true(project)
        grown += len(project.workspace.store.history().quarantine) > before
        rewrite(path, number)
    results.put(grown)


def rewrite(folder: Path, number: int) -> None:
    """Other masks, as doubtful."""
    import tifffile

    for path in folder.iterdir():
        mask = tifffile.imread(path)
        mask[0, number % mask.shape[1]] ^= 1
        tifffile.imwrite(path, mask, photometric="minisblack")


def test_killed_at_random_moments(project: Project, asked: Asked, save: Save) -> None:
    for one in asked:
        folder = save(one, mask=flipped(project, one)).parent
    results = PROCESSES.SimpleQueue()
    killer = PROCESSES.Process(target=kill_imports, args=(project.root, folder, 3, results))
    killer.start()
    killer.join(120)
    assert killer.exitcode == 0
    assert results.get() >= 5, "those that were not killed"
    history = project.workspace.store.history()
    assert len(stored_files(history)) > len(history.quarantine) > 10
