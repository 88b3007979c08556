"""Opens the slices of this bundle in napari, one at a time:  python open_in_napari.py [SLICE]

Alt-S saves the mask, Alt-N and Alt-B go on to the next slice and back (and save what was
changed). Needs napari and nothing else.
"""

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

FOLDER = Path(__file__).resolve().parent


def stems(folder: Path) -> list[str]:
    return sorted(path.stem for path in (folder / "images").glob("*.tif"))


def classes(folder: Path) -> list[tuple[int, str, str]]:
    """Each class's id, name and colour."""
    with (folder / "classes.csv").open(encoding="utf-8", newline="") as file:
        return [(int(row["id"]), row["name"], row["colour"]) for row in csv.DictReader(file)]


def show(viewer: Any, folder: Path, stem: str) -> Any:
    """The layers of one slice in place of those that are there; returns the mask's."""
    from napari.utils.colormaps import DirectLabelColormap

    viewer.layers.clear()
    image = tifffile.imread(folder / "images" / f"{stem}.tif")
    around = next((folder / "context").glob(f"{stem}_*_context.tif"), None)
    if around is not None:
        viewer.add_image(tifffile.imread(around), name="neighbours along z", colormap="gray")
    viewer.add_image(image, name="slice", colormap="gray", visible=around is None)
    unsure = folder / "views" / f"{stem}_uncertainty.png"
    if unsure.exists():
        viewer.open(unsure, plugin="napari", layer_type="image", name="uncertainty")
        viewer.layers["uncertainty"].colormap = "inferno"
        viewer.layers["uncertainty"].opacity = 0.5
        viewer.layers["uncertainty"].visible = False
    start = folder / "masks" / f"{stem}.tif"
    mask = tifffile.imread(start) if start.exists() else np.zeros(image.shape, np.uint8)
    known = classes(folder)
    colours: dict[int | None, Any] = {i: colour for i, _, colour in known if i}
    labels = viewer.add_labels(
        mask,
        name=stem,
        features={"index": [i for i, _, _ in known], "class": [name for _, name, _ in known]},
        colormap=DirectLabelColormap(color_dict={**colours, 0: "transparent", None: "white"}),
        opacity=0.5,
    )
    labels.metadata["start"] = mask.copy()
    labels.selected_label = 1
    if around is not None:
        place = int(around.stem.split("_")[-2].split("of")[0]) - 1
        viewer.dims.set_current_step(0, place)
    viewer.title = stem
    return labels


def save(viewer: Any, folder: Path) -> None:
    """The mask that is shown, where it can be found by its name."""
    labels = mask_layer(viewer, folder)
    (folder / "masks").mkdir(exist_ok=True)
    target = folder / "masks" / f"{labels.name}.tif"
    kind = np.uint8 if int(labels.data.max(initial=0)) < 256 else np.uint16
    tifffile.imwrite(target, np.asarray(labels.data).astype(kind), photometric="minisblack")
    labels.metadata["start"] = np.array(labels.data)
    viewer.status = f"saved {target}"


def go(viewer: Any, folder: Path, steps: int) -> None:
    """To a slice further on, or back, with what was changed saved."""
    labels = mask_layer(viewer, folder)
    if not np.array_equal(labels.data, labels.metadata["start"]):
        save(viewer, folder)
    every = stems(folder)
    show(viewer, folder, every[(every.index(labels.name) + steps) % len(every)])


def mask_layer(viewer: Any, folder: Path) -> Any:
    return next(layer for layer in viewer.layers if layer.name in stems(folder))


def main() -> None:
    import napari

    every = stems(FOLDER)
    wanted = sys.argv[1] if len(sys.argv) > 1 else every[0]
    if wanted not in every:
        sys.exit(f"{wanted} is not in this bundle; its slices are: {', '.join(every)}")
    viewer = napari.Viewer()
    # Alt-P would open the menu Plugins, as the first letters of menus do.
    viewer.bind_key("Alt-S", lambda one: save(one, FOLDER))
    viewer.bind_key("Alt-N", lambda one: go(one, FOLDER, 1))
    viewer.bind_key("Alt-B", lambda one: go(one, FOLDER, -1))
    show(viewer, FOLDER, wanted)
    napari.run()


if __name__ == "__main__":
    main()
