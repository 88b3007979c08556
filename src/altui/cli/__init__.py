"""The commands: parse, call, print. Nothing heavy is imported before a command runs."""

from altui.cli import backups, inbox, jobs, labels, quarantine, rounds, setup, simulate
from altui.cli.base import main

__all__ = ["main"]

for command in (  # in the order of the work
    *(setup.init, setup.check, setup.open_app, rounds.status),
    *(rounds.propose, rounds.approve, rounds.reject, rounds.pick, rounds.undo),
    *(labels.assign, labels.release, labels.export, labels.import_labels),
    *(inbox.watch_labels, quarantine.quarantine, labels.labels),
    *(backups.backup, backups.restore),
    *(jobs.run, jobs.jobs, simulate.simulate, simulate.strategies),
):
    main.add_command(command)
