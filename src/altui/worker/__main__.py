"""`python -m altui.worker JOBFOLDER`."""

import sys

from altui.worker.life import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
