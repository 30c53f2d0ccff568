"""How the process of the node was set before it had stages; to be imported before numpy is."""

from __future__ import annotations

import os

# OpenBLAS reads it when numpy is imported: as many threads as there are cores was its own choice.
os.environ["OPENBLAS_NUM_THREADS"] = str(os.cpu_count())
