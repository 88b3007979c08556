"""What a machine says of the model that is asked for."""

from pathlib import Path

import pytest

from altui.config import Model
from altui.worker.machine import report, weights


def test_a_report() -> None:
    found = report(Model(encoder="resnet18", encoder_weights="none").model_dump(), Path())
    assert found.keys() == {"torch", "device"}


def test_unknown_names() -> None:
    found = report({"encoder": "resnet19"}, Path())
    assert 'did you mean "resnet' in found["error"]


def test_weights_in_a_file(tmp_path: Path) -> None:
    model = Model(encoder="resnet18", encoder_weights="weights.pt")
    assert "is no file of the project" in weights(model, tmp_path)["error"]
    (tmp_path / "weights.pt").touch()
    assert weights(model, tmp_path) == {}


def test_weights_that_the_first_run_would_fetch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: None)
    assert "the first run fetches them" in weights(Model(encoder="resnet18"), tmp_path)["warning"]
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: "/a/file")
    assert weights(Model(encoder="resnet18"), tmp_path) == {}
