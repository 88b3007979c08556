"""altui: active-learning annotation rounds for the segmentation of micro-tomograms."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["AltuiError", "Project", "__version__"]

if TYPE_CHECKING:
    from altui.errors import AltuiError
    from altui.project import Project

_HOMES = {"AltuiError": "altui.errors", "Project": "altui.project"}


def __getattr__(name: str) -> Any:
    # Loaded when first used, so that `import altui` stays light.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'altui' has no attribute '{name}'")
