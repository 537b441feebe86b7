"""Hashes of queries."""

import numpy as np


def scramble(bits: np.ndarray) -> np.ndarray:
    """Return 64-bit words in which every bit depends on all bits of the input (SplitMix64)."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
