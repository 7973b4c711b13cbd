"""What clients, servers and exports have in common of what they exchange; needs no TensorFlow."""

from __future__ import annotations

import numpy as np

__all__ = ["DAY", "SIGNATURES", "Arrays"]

Arrays = dict[str, np.ndarray]  # inputs or outputs by name
DAY = 86_400.0  # seconds, the longest wait; threads and sockets take no endless ones
SIGNATURES = "signature_def"  # the only kind of metadata that a model has
