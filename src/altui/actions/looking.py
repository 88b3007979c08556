"""The actions of every screen that shows slices."""

from altui.actions.action import Action, Context

HERE = ("proposals", "labels", "samples")


def has_picture(context: Context) -> bool:
    return context.has_picture


def has_classes(context: Context) -> bool:
    return context.has_classes


def has_heat(context: Context) -> bool:
    return context.has_heat


def is_zoomed(context: Context) -> bool:
    return context.has_picture and context.is_zoomed


OVERLAYS = (
    Action(
        "overlay",
        "p",
        "overlay",
        "the prediction (or mask) over the slice: filled, outlined, off",
        HERE,
        has_classes,
        spare=1,
    ),
    Action("heat", "h", "heat", "where the network is unsure, as heat", HERE, has_heat, spare=3),
    Action("one_class", "v", "", "one class at a time, then all again", HERE, has_classes),
)

CONTRAST = (
    Action(
        "contrast",
        "w",
        "",
        "contrast by the sample's percentiles, the slice's, or from min to max",
        HERE,
        has_picture,
    ),
    Action("brighter", "right_square_bracket", "", "brighter", HERE, has_picture),
    Action("darker", "left_square_bracket", "", "darker", HERE, has_picture),
    Action("more_contrast", "right_curly_bracket", "", "more contrast", HERE, has_picture),
    Action("less_contrast", "left_curly_bracket", "", "less contrast", HERE, has_picture),
)

ZOOM = (
    Action("zoom_in", "plus", "zoom", "closer", HERE, has_picture, spare=5),
    Action("zoom_out", "minus", "", "farther", HERE, is_zoomed),
    Action("whole_slice", "0", "", "all of the slice", HERE, is_zoomed),
    Action("pan_left", "H", "", "to the left, where zoomed in", HERE, is_zoomed),
    Action("pan_down", "J", "", "down", HERE, is_zoomed),
    Action("pan_up", "K", "", "up", HERE, is_zoomed),
    Action("pan_right", "L", "", "to the right", HERE, is_zoomed),
)

SAVE = Action(
    "save_picture",
    "o",
    "",
    "write what is in view as a PNG, pixel by pixel, and say where",
    HERE,
    has_picture,
)

LOOKING = (*OVERLAYS, *CONTRAST, *ZOOM, SAVE)
OF_THE_VERY_SLICE = (*(action for action in ZOOM if action.name.startswith("pan_")), SAVE)
"""What can do nothing while another slice is seen, and this one is being read."""
