"""How memory that is free again goes back to the system, and how seldom it is looked through."""

import gc
from contextlib import suppress
from typing import Final

M_MMAP_THRESHOLD: Final = -3  # in malloc.h
M_ARENA_MAX: Final = -8


def return_freed_memory() -> None:
    """To be called before there are threads. glibc raises its threshold for giving back with each
    large array that is freed, and has each thread hoard its own: of a project at the published
    scale it keeps tens of megabytes.
    """
    import ctypes  # not before the first frame

    with suppress(AttributeError, OSError):  # another C library
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_THRESHOLD, 1 << 18)
        library.mallopt(M_ARENA_MAX, 1)


def set_aside() -> None:
    """What is there by now stays to the end. Python need not search it for cycles again and
    again: with a project at the published scale, that holds the screen up for 60 ms.
    """
    gc.freeze()


def forget_gone() -> None:
    """Textual remembers the colours of a thousand widgets together with all that was drawn of
    them, long after they are gone: dialogs and notices add up to tens of megabytes.
    """
    with suppress(ImportError, AttributeError):  # another Textual
        from textual._styles_cache import StylesCache

        StylesCache.get_inner_outer.cache_clear()
