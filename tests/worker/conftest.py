"""The worker's tests run torch in this process, beside whatever else the machine does."""

import os

# Before torch is imported; see `altui.worker.life`.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
