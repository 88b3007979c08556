"""The actions of the Wizard screen, before there is a project."""

from altui.actions.action import Action

HERE = ("wizard",)

LOOK_AGAIN = Action("look_again", "l", "look again", "look again for stacks in the folder", HERE)

WIZARD = (
    Action("next_split", "s", "split", "this sample's split: train, validation, test", HERE),
    Action("leave_out", "x", "leave out", "leave this sample out, or take it in again", HERE),
    Action("next_mask", "m", "masks", "other masks for this sample, of its size, or none", HERE),
    Action("rename", "N", "name", "give this sample another name", HERE),
    Action("name_project", "t", "title", "the project's name", HERE),
    Action("name_classes", "c", "classes", "name the classes", HERE),
    Action("set_budget", "b", "budget", "how many slices a round", HERE),
    Action("first_slices", "f", "first slices", "another strategy for round 1", HERE),
    Action("set_weights", "E", "weights", "what the network's encoder starts from", HERE),
    LOOK_AGAIN,
    Action("write_config", "w", "write", "see the altui.toml as it will be, and write it", HERE),
)
