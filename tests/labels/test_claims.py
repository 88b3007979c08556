"""Who labels what: claims by export and by name, their release, and minutes until the return."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as some

from altui import AltuiError, Project
from altui.cli import main
from altui.rounds.people import is_same, person
from altui.slices import SliceId
from altui.text import plain
from tests.labels.conftest import Save, right_mask
from tests.labels.test_bundle import Asked


def held(project: Project) -> dict[str, str]:
    return {str(one.slice): one.annotator for one in project.claims()}


def shifted(project: Project, minutes: float) -> None:
    """As if everything so far had happened so long ago."""
    with sqlite3.connect(project.workspace.store.path) as db:
        db.execute("DROP TRIGGER IF EXISTS events_no_update")
        db.execute(
            "UPDATE events SET at = strftime('%Y-%m-%dT%H:%M:%S+00:00', at, ?)",
            [f"-{minutes} minutes"],
        )


def test_each_annotator_gets_a_share(project: Project, asked: Asked, tmp_path: Path) -> None:
    anna = project.export(tmp_path / "anna", annotator="Anna  K.", most=2)
    assert set(anna.slices) == set(asked[:2])
    assert anna.annotator == "Anna K."
    assert "export the bundle" in project.status().todo, "one slice is nobody's"
    assert "for Anna K." in (anna.folder / "README.txt").read_text()
    bob = project.export(tmp_path / "bob", annotator="bob")
    assert bob.slices == asked[2:]
    assert list(held(project).values()) == ["Anna K.", "Anna K.", "bob"]
    waits = "waiting for Anna K. (2), bob (1): import what comes back"
    assert project.status().todo == f"0 of 3 masks in; {waits}"
    with pytest.raises(AltuiError, match="claimed by Anna K., bob") as caught:
        project.export(tmp_path / "carl", annotator="carl")
    assert f"altui release PROJECT {asked[0]}" in caught.value.hint
    with pytest.raises(AltuiError, match="claimed by"):
        project.export(tmp_path / "nobody")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["anna", "bob", "project"]


def test_what_went_out_to_nobody_by_name(project: Project, asked: Asked, tmp_path: Path) -> None:
    assert project.status().unsent == asked
    project.export(tmp_path / "one", *asked[:1])
    assert project.status().unsent == asked[1:]
    assert project.status().todo.endswith("export the bundle, import what comes back")
    project.export(tmp_path / "anna", asked[1], annotator="bob")
    project.export(tmp_path / "rest", asked[2])
    assert project.status().unsent == ()
    waits = f"waiting for bob (1) and for {asked[0]}, {asked[2]}, exported by anna"
    assert project.status().todo == f"0 of 3 masks in; {waits}: import what comes back"
    project.release(asked[1])
    assert project.status().unsent == (asked[1],)
    assert project.status().to_json()["unsent"] == [str(asked[1])]


def test_a_lost_bundle_is_written_again(project: Project, asked: Asked, tmp_path: Path) -> None:
    project.export(tmp_path / "one", annotator="anna", most=1)
    again = project.export(tmp_path / "two", annotator="ANNA")
    assert again.slices == asked[:1]
    more = project.export(tmp_path / "three", annotator="anna", most=2)
    assert set(more.slices) == set(asked[:2])


def test_by_name_claims_do_not_count(project: Project, asked: Asked, tmp_path: Path) -> None:
    project.export(tmp_path / "anna", annotator="anna")
    bob = project.export(tmp_path / "bob", asked[1], annotator="bob")
    assert bob.slices == (asked[1],)
    assert held(project)[str(asked[1])] == "bob"
    alone = project.export(tmp_path / "alone", str(asked[0]))
    assert alone.slices == (asked[0],)
    assert held(project)[str(asked[0])] == "anna"


def test_a_released_slice_is_anyones(project: Project, asked: Asked, tmp_path: Path) -> None:
    project.export(tmp_path / "anna", annotator="anna")
    assert project.release(asked[2]) == (asked[2],)
    assert project.export(tmp_path / "bob", annotator="bob").slices == (asked[2],)
    with pytest.raises(AltuiError, match="is not claimed"):
        project.release(asked[0], SliceId("screw1", 0))
    assert len(project.claims()) == 3, "all of them or none"


def test_assigning(project: Project, asked: Asked, tmp_path: Path) -> None:
    claim = project.assign(asked[1], "bob")
    assert (claim.slice, claim.annotator, claim.who) == (asked[1], "bob", "anna")
    assert project.assign(str(asked[1]), "Bob").at == claim.at, "the clock is not set back"
    assert project.export(tmp_path / "bob", annotator="bob").slices == (asked[1],)
    assert set(project.export(tmp_path / "rest").slices) == {asked[0], asked[2]}
    project.assign(asked[1], "carl")
    assert held(project) == {str(asked[1]): "carl"}
    for wrong, message in (("screw1:0", "not approved"), ("nobody:1", "no sample")):
        with pytest.raises(AltuiError, match=message):
            project.assign(wrong, "bob")
    for name in ("", "  ", "x" * 101):
        with pytest.raises(AltuiError, match="name"):
            project.assign(asked[0], name)


def test_the_mask_ends_the_claim(
    project: Project, asked: Asked, save: Save, back: Path, tmp_path: Path
) -> None:
    bundle = project.export(tmp_path / "bundle", annotator="bob", most=2)
    shifted(project, 95)
    path = save(asked[0])
    path.rename(bundle.folder / path.name)
    assert project.import_labels(bundle.folder).exit_status == 0
    [own] = project.revisions(asked[0])
    assert (own.annotator, own.event.who) == ("bob", "anna"), "known by the bundle it lies in"
    assert own.label.minutes == pytest.approx(95, abs=1)
    assert own.to_json()["minutes_by"] == "claim"
    assert held(project) == {str(asked[1]): "bob"}
    with pytest.raises(AltuiError, match="has its label"):
        project.assign(asked[0], "carl")
    # A correction was not claimed, so nothing says how long it took.
    save(asked[0], mask=right_mask(project, asked[0]) * 0 + 1)
    project.import_labels(back, trust=True)
    assert project.revisions(asked[0])[-1].label.minutes is None


def test_who_returned_it_counts(
    project: Project, asked: Asked, save: Save, back: Path, tmp_path: Path
) -> None:
    """Anna's claim went to bob by name; hers comes back first all the same."""
    project.export(tmp_path / "anna", annotator="anna")
    shifted(project, 60)
    project.export(tmp_path / "bob", asked[0], annotator="bob")
    shifted(project, 30)
    save(asked[0])
    project.import_labels(back, annotator="anna")
    [own] = project.revisions(asked[0])
    assert own.label.minutes == pytest.approx(90, abs=1)
    save(asked[1])
    project.import_labels(back)
    [own] = project.revisions(asked[1])
    assert own.annotator == "anna", "by the claim alone"


def test_nothing_is_claimed_by_an_export_that_fails(
    project: Project, asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").write_text("work")
    with pytest.raises(AltuiError, match="is there already"):
        project.export(tmp_path / "there", annotator="bob")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
        with pytest.raises(AltuiError, match="could not be written"):
            project.export(tmp_path / "full", annotator="bob")
    assert project.claims() == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["project", "there"]


def test_a_claim_in_the_meantime(
    project: Project, asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two export at once: the second is refused, and leaves nothing."""
    from altui.labels import bundle

    def files(*arguments: Any) -> int:
        Project.open(project.root).assign(asked[0], "carl")
        return real(*arguments)

    real = bundle._Export._files
    monkeypatch.setattr(bundle._Export, "_files", files)
    with pytest.raises(AltuiError, match=f"carl has just claimed {asked[0]}"):
        project.export(tmp_path / "bundle", annotator="bob")
    assert held(project) == {str(asked[0]): "carl"}
    assert not (tmp_path / "bundle").exists()


def test_by_commands(project: Project, asked: Asked, tmp_path: Path) -> None:
    def run(*arguments: object) -> str:
        done = CliRunner().invoke(main, [str(one) for one in arguments])
        assert done.exit_code == 0, done.output
        return done.stdout

    root = project.root
    run("assign", root, "bob", asked[0], asked[1])
    found = json.loads(run("status", root, "--json"))["claims"]
    assert [(one["slice"], one["annotator"]) for one in found] == [
        (str(asked[0]), "bob"),
        (str(asked[1]), "bob"),
    ]
    assert "bob" in run("status", root)
    run("release", root, asked[1])
    to = tmp_path / "bundle"
    out = run(
        *("export", root, "--to", to, "--for", "napari", "--annotator", "bob"),
        *("--most", "2", "--context", "1", "--json"),
    )
    made = json.loads(out)
    assert (made["for"], made["annotator"], len(made["slices"])) == ("napari", "bob", 2)
    wrong = CliRunner().invoke(main, ["export", str(root), "--to", str(to), "--for", "paint"])
    assert wrong.exit_code == 2
    named = CliRunner().invoke(main, ["export", str(root), "screw1:0", "--to", str(to) + "2"])
    assert named.exit_code == 1
    assert "is not approved" in named.output


def test_the_remedy_for_a_slice_that_is_not_asked_for_is_one(
    project: Project, asked: Asked
) -> None:
    project.undo()  # nothing is approved any more
    other = SliceId(asked[0].sample, 0)
    for one, how in ((asked[0], "approve"), (other, "pick")):
        with pytest.raises(AltuiError, match="is not approved") as caught:
            project.assign(one, "bob")
        assert caught.value.hint == f"{how} it first: altui {how} PROJECT {one}"
        getattr(project, how)(one)
        assert project.assign(one, "bob").slice == one


def test_who_loses_a_slice_is_told(project: Project, asked: Asked, tmp_path: Path) -> None:
    project.export(tmp_path / "bob", annotator="bob", most=1)
    arguments = ["assign", str(project.root), "carl", *map(str, asked[:2])]
    done = CliRunner().invoke(main, arguments)
    assert f"{asked[0]} was bob's, and is in a bundle of theirs: tell them" in done.stderr
    assert f"{asked[1]} was" not in done.stderr
    assert " was " not in CliRunner().invoke(main, arguments).stderr


def test_a_past_rounds_claims_are_over(project: Project, asked: Asked, tmp_path: Path) -> None:
    project.assign(asked[0], "bob")
    with project.workspace.store.write() as transaction:
        event = transaction.event("propose", 2, note="random")
        transaction.insert(
            "decisions",
            event=event,
            round=2,
            sample=asked[0].sample,
            slice_index=asked[0].index,
            state="approved",
            strategy="random",
            rank=1,
            reasons="[]",
        )
    assert project.claims() == ()


@given(some.text(max_size=30))
def test_names(name: str) -> None:
    try:
        kept = person(name)
    except AltuiError:
        assert not name.strip() or len(plain(" ".join(name.split()))) > 100
    else:
        assert plain(kept) == kept == person(kept)
        assert is_same(kept, f"  {kept.casefold()} ")
