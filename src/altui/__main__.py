"""`python -m altui`: the same as the command `altui`."""

from altui.cli import main

main(prog_name="altui")
