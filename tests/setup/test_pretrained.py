"""Whether an encoder's weights can be had is told before a job needs them."""

from pathlib import Path

import pytest

from altui import AltuiError, Project
from altui.config import Model
from altui.pretrained import check_weights, to_be_fetched


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HF_HUB_OFFLINE", "HF_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))


def model(weights: str) -> Model:
    return Model(encoder="resnet34", encoder_weights=weights)


@pytest.mark.parametrize("weights", ["w.pt", "weights/resnet34", "W.SafeTensors"])
def test_a_file_that_is_not_there(tmp_path: Path, weights: str) -> None:
    with pytest.raises(AltuiError, match="no such file") as caught:
        check_weights(model(weights), tmp_path)
    assert 'encoder_weights = "none"' in caught.value.hint


def test_a_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "w.pt").touch()
    check_weights(model("w.pt"), tmp_path)
    assert to_be_fetched(model("w.pt"), tmp_path) == ""


def test_none_is_never_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    check_weights(model("none"), tmp_path)
    assert to_be_fetched(model("none"), tmp_path) == ""


def test_what_is_to_be_fetched_is_told_and_refused_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_weights(model("imagenet"), tmp_path)
    assert "huggingface.co" in to_be_fetched(model("imagenet"), tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(AltuiError, match="HF_HUB_OFFLINE"):
        check_weights(model("imagenet"), tmp_path)
    kept = tmp_path / "cache/hub/models--smp-hub--resnet34.imagenet/snapshots/1"
    kept.mkdir(parents=True)
    (kept / "model.safetensors").touch()
    check_weights(model("imagenet"), tmp_path)
    assert to_be_fetched(model("imagenet"), tmp_path) == ""


def test_no_job_is_started_without_them(folder: Path) -> None:
    toml = folder / "altui.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace('weights = "none"', 'weights = "w.pt"'), encoding="utf-8")
    project = Project.open(folder)
    with pytest.raises(AltuiError, match=r'encoder_weights = "w\.pt": there is no such file'):
        project.run()
    assert not project.status().jobs
