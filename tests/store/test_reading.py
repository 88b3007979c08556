"""The history is read on from where it was read before, and is what a fresh look gives."""

import shutil
from dataclasses import fields
from pathlib import Path

import pytest

from altui.store.connection import Store, Transaction
from altui.store.history import History, settled


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, "anna")


def add_job(transaction: Transaction, name: str) -> None:
    event = transaction.event("run", 1, note=name)
    transaction.insert("jobs", id=name, event=event, kind="train", round=1)
    for sample in ("b", "a"):
        transaction.insert("confusions", job=name, split="test", sample=sample, matrix="[[1]]")


def rows(history: History) -> dict[str, object]:
    names = [field.name for field in fields(History) if field.name != "settled"]
    return {name: getattr(history, name) for name in names}


def test_nothing_new_is_the_same_object(store: Store) -> None:
    with store.write() as transaction:
        add_job(transaction, "train-001")
    assert store.history() is store.history()


def test_what_others_add_is_read_on(store: Store) -> None:
    with store.write() as transaction:
        add_job(transaction, "train-001")
    before = store.history()
    with Store(store.root, "bert").write() as transaction:
        add_job(transaction, "train-002")
        assert [job.id for job in transaction.history().jobs] == ["train-001", "train-002"]
    after = store.history()
    assert after.events[0] is before.events[0]
    assert rows(after) == rows(Store(store.root).history())
    assert [row.sample for row in after.confusions_of["train-002"]] == ["a", "b"]


def test_what_is_settled_is_worked_out_once_however_it_goes_on(store: Store) -> None:
    asked = []

    @settled
    def first(history: History, job: str) -> int:
        asked.append(job)
        return history.jobs[0].event

    for name in ("train-001", "train-002"):
        with store.write() as transaction:
            add_job(transaction, name)
        assert first(store.history(), "train-001") == 1
        assert len(store.history().confusions_of[name]) == 2
    assert asked == ["train-001"]
    assert len(store.history().confusions_of["train-001"]) == 2


def test_what_was_settled_in_a_transaction_that_was_taken_back_is_not(store: Store) -> None:
    @settled
    def notes(history: History, job: str) -> list[str]:
        return [event.note for event in history.events]

    def half_done() -> None:
        with store.write() as transaction:
            add_job(transaction, "train-009")
            assert notes(transaction.history(), "x") == ["train-009"]
            assert transaction.history().confusions_of["train-009"]
            raise RuntimeError

    store.history()
    with pytest.raises(RuntimeError):
        half_done()
    with store.write() as transaction:
        add_job(transaction, "train-001")
    assert notes(store.history(), "x") == ["train-001"]
    assert not store.history().confusions_of["train-009"]


def test_rows_that_were_taken_back_are_forgotten(store: Store) -> None:
    store.history()

    def half_done() -> None:
        with store.write() as transaction:
            transaction.event("propose", 1)
            assert len(transaction.history().events) == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half_done()
    assert store.history().events == ()
    with store.write() as transaction:
        transaction.event("approve", 1)
    assert [event.what for event in store.history().events] == ["approve"]


@pytest.mark.parametrize("later", [1, 2, 3])
def test_a_backup_that_was_put_back_is_read_anew(store: Store, tmp_path: Path, later: int) -> None:
    with store.write() as transaction:
        transaction.event("propose", 1)
    shutil.copyfile(store.path, tmp_path / "backup.db")
    with store.write() as transaction:
        add_job(transaction, "train-001")
    store.history()
    shutil.copyfile(tmp_path / "backup.db", store.path)
    for number in range(later):
        with Store(store.root, "bert").write() as transaction:
            transaction.event("reject", 1, note=str(number))
    assert rows(store.history()) == rows(Store(store.root).history())
    assert store.history().jobs == ()
