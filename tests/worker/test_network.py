"""Networks by name, and weights from files."""

import re
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import nn

from altui.config import Model
from altui.errors import AltuiError
from altui.worker.network import Network, build
from altui.worker.weights import adapt

ARCHITECTURES = {
    **dict.fromkeys(
        (
            *("Unet", "UnetPlusPlus", "MAnet", "Linknet", "FPN", "PSPNet"),
            *("DeepLabV3", "DeepLabV3Plus", "PAN", "UPerNet", "Segformer"),
        ),
        "resnet18",
    ),
    "DPT": "tu-vit_tiny_patch16_224",
}


def made(
    weights: str = "none",
    project: Path = Path(),
    architecture: str = "Unet",
    encoder: str = "resnet18",
) -> Network:
    model = Model(architecture=architecture, encoder=encoder, encoder_weights=weights)
    return build(model, 3, project)[0]


def encoder_of(network: Network) -> nn.Module:
    return cast(nn.Module, network.inner.encoder)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_takes_odd_sizes_and_trains(architecture: str) -> None:
    network = made(architecture=architecture, encoder=ARCHITECTURES[architecture])
    network.eval()
    with torch.no_grad():
        assert network(torch.zeros(1, 1, 45, 70)).shape == (1, 3, 45, 70)
    network.train()
    logits = network(torch.randn(2, 1, 40, 64))
    assert logits.shape == (2, 3, 40, 64)
    logits.square().mean().backward()


@pytest.mark.parametrize(
    ("architecture", "encoder", "said"),
    [
        ("Unett", "resnet18", 'did you mean "Unet"?'),
        ("Unet", "resnet81", 'did you mean "resnet18"?'),
        ("Unet", "tu-resnet18x", 'did you mean "tu-resnet18'),
        ("DPT", "resnet18", "DPT cannot be built with encoder resnet18"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(
    architecture: str, encoder: str, said: str
) -> None:
    with pytest.raises(AltuiError, match=re.escape(said)) as caught:
        made(architecture=architecture, encoder=encoder)
    assert caught.value.hint


def test_the_message_for_weights_that_cannot_be_downloaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import segmentation_models_pytorch as smp  # type: ignore[import-untyped]

    def offline(*_: object, **__: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr(smp.encoders, "hf_hub_download", offline)
    with pytest.raises(AltuiError, match='"imagenet" weights of resnet18') as caught:
        made("imagenet")
    assert "path" in caught.value.hint
    assert '"none"' in caught.value.hint


def colour_encoder() -> dict[str, torch.Tensor]:
    """The state dict of a ResNet-18 over three channels."""
    import segmentation_models_pytorch as smp

    torch.manual_seed(7)
    encoder = smp.encoders.get_encoder("resnet18", in_channels=3, weights=None)
    return cast(dict[str, torch.Tensor], encoder.state_dict())


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": {f"module.{k}": v for k, v in state.items()}, "epoch": 3},
        lambda state: {
            **{f"encoder.{k}": v for k, v in state.items()},
            "decoder.weight": torch.zeros(3),
        },
    ],
)
def test_colour_weights_from_a_file_see_grey_as_they_saw_colour(tmp_path: Path, wrap: Any) -> None:
    state = colour_encoder()
    torch.save(wrap(state), tmp_path / "w.pt")
    network, words = build(
        Model(encoder="resnet18", encoder_weights="w.pt"), classes=3, project=tmp_path
    )
    assert "100 of 100 tensors" in words
    encoder = encoder_of(network)
    assert torch.equal(
        cast(nn.Conv2d, encoder.conv1).weight, state["conv1.weight"].sum(1, keepdim=True)
    )
    grey = torch.randn(1, 1, 32, 32)
    colour = nn.functional.conv2d(grey.expand(1, 3, -1, -1), state["conv1.weight"])
    ours = nn.functional.conv2d(grey, cast(nn.Conv2d, encoder.conv1).weight)
    assert torch.allclose(colour, ours, atol=1e-5)


def test_safetensors_are_read(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({k: v.contiguous() for k, v in colour_encoder().items()}, tmp_path / "w.safetensors")
    assert made("w.safetensors", tmp_path)


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    state = colour_encoder()
    torch.save({**state, "layer1.0.conv1.weight": torch.zeros(2, 2)}, tmp_path / "shape.pt")
    torch.save({k: v for k, v in state.items() if k.startswith("layer1")}, tmp_path / "few.pt")
    (tmp_path / "junk.pt").write_bytes(b"junk")
    torch.save({"epoch": 3}, tmp_path / "empty.pt")
    for name, said in {
        "shape.pt": r"layer1.0.conv1.weight has shape \(2, 2\)",
        "few.pt": "20 of the encoder's 100 tensors",
        "junk.pt": "cannot be read",
        "empty.pt": "no named tensors",
        "nowhere.pt": "no such file",
    }.items():
        with pytest.raises(AltuiError, match=said):
            made(name, tmp_path)


def test_a_file_cannot_run_code(tmp_path: Path) -> None:
    torch.save({"state_dict": Path("x")}, tmp_path / "code.pt")
    with pytest.raises(AltuiError, match="cannot be read"):
        made("code.pt", tmp_path)


def test_timm_names_are_found_one_level_down() -> None:
    wanted = {"model.conv.weight": torch.zeros(4, 1, 3, 3)}
    found = adapt({"conv.weight": torch.ones(4, 3, 3, 3)}, wanted, Path("x"))
    assert torch.equal(found.tensors["model.conv.weight"], torch.full((4, 1, 3, 3), 3.0))


def test_padding_reflects_as_often_as_it_takes() -> None:
    network = made()
    assert network.padded_side(33) == 64
    image = torch.arange(3.0).expand(1, 3, 3)
    padded = network.pad(image)
    assert padded.shape == (1, 32, 32)
    assert padded[0, 0, :7].tolist() == [0, 1, 2, 1, 0, 1, 2]


def test_colour_weights_are_shared_out_over_context_slices(tmp_path: Path) -> None:
    state = colour_encoder()
    torch.save(state, tmp_path / "w.pt")
    grey = torch.randn(1, 1, 32, 32)
    alone = build(Model(encoder="resnet18", encoder_weights="w.pt"), 3, tmp_path)[0]
    for k in (1, 2):
        model = Model(encoder="resnet18", encoder_weights="w.pt", context_slices=k)
        first = cast(nn.Conv2d, encoder_of(build(model, 3, tmp_path)[0]).conv1)
        assert first.weight.shape[1] == 1 + 2 * k
        equal = first(grey.expand(1, 1 + 2 * k, -1, -1))
        assert torch.allclose(equal, cast(nn.Conv2d, encoder_of(alone).conv1)(grey), atol=1e-5)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_dropout_alone_varies_what_one_encoding_decodes_to(architecture: str) -> None:
    torch.manual_seed(0)
    model = Model(
        architecture=architecture,
        encoder=ARCHITECTURES[architecture],
        encoder_weights="none",
        context_slices=1,
        dropout=0.4,
    )
    network = build(model, 3, Path())[0].eval()
    images = torch.randn(2, 3, 40, 64)
    with torch.no_grad():
        encoded = network.encode(images)
        assert encoded.features[-1].shape[0] == 2
        plain = network.decode(encoded)
        assert plain.shape == (2, 3, 40, 64)
        assert torch.equal(plain, network(images))
        whole = network.inner(network.pad(images))[..., :40, :64]
        assert torch.allclose(plain, whole, atol=1e-4)
        network.drop(True)
        norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
        assert not any(norm.training for norm in norms)
        first, second = network.decode(encoded), network.decode(encoded)
        assert not torch.equal(first, second)
        network.drop(False)
        assert torch.equal(plain, network.decode(encoded))


def test_dropout_adds_no_weights_and_leaves_training_to_train() -> None:
    with_dropout = build(Model(encoder="resnet18", encoder_weights="none", dropout=0.5), 3, Path())[
        0
    ]
    assert with_dropout.inner.state_dict().keys() == made().inner.state_dict().keys()
    image = torch.randn(1, 1, 64, 64)
    with torch.no_grad():
        with_dropout.eval()
        assert torch.equal(with_dropout(image), with_dropout(image))
        with_dropout.train()
        for module in with_dropout.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        assert not torch.equal(with_dropout(image), with_dropout(image))
