"""Decorrelated colour: axes along which the colours of photographs vary independently."""

import numpy as np
import numpy.typing as npt

COVARIANCE = np.array([[0.0460, 0.0304, 0.0215], [0.0304, 0.0342, 0.0192], [0.0215, 0.0192, 0.0311]])
"""Of red, green and blue over the pixels of the bundled flowers, `flowers(340, seed=3)`, in [0, 1]."""


def colour_axes() -> npt.NDArray[np.float32]:
    """Returns a 3x3 matrix from decorrelated colours to RGB (after Olah et al. 2017, "Feature Visualization").

    Uncorrelated values of variance 1 become colours with the flowers' correlations and, over the three
    channels, variance 1.
    """
    variances, axes = np.linalg.eigh(COVARIANCE)
    matrix = axes * np.sqrt(variances / variances.mean())
    return np.asarray(matrix.T, np.float32)
