"""What surrounds a flower: colour, blur, a leafy background, light and the sensor's noise."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def rgb(hsv: tuple[float, ...]) -> Array:
    """Return float32 `(3,)` red, green and blue of a hue, saturation and value (hue wraps around)."""
    hue, saturation, value = hsv
    wheel = np.clip(np.abs((hue * 6 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
    return (value * (1 - saturation * (1 - wheel))).astype(np.float32)


def smooth(x: Array) -> Array:
    """Rise smoothly from 0 (at 0) to 1 (at 1)."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def paint(image: Array, colour: Array, alpha: Array) -> Array:
    """Lay `colour` over `image` where `alpha` is 1."""
    return image + (colour - image) * alpha[..., None]


def blur(image: Array, passes: int) -> Array:
    """Blur with `passes` binomial filters (1 2 1)/4 along both axes; edges are repeated."""
    for _ in range(passes):
        for axis in (0, 1):
            padded = np.pad(image, [(1, 1) if a == axis else (0, 0) for a in range(3)], mode="edge")
            low, high = (padded.take(range(k, k + image.shape[axis]), axis) for k in (0, 2))
            image = 0.5 * image + 0.25 * (low + high)
    return image


def backdrop(rng: np.random.Generator, x: Array, y: Array) -> Array:
    """Draw leaves out of focus: dark and soft ones first, brighter and sharper ones on top."""
    far = rgb((rng.uniform(0.15, 0.38), rng.uniform(0.2, 0.6), rng.uniform(0.12, 0.45)))
    near = rgb((rng.uniform(0.2, 0.34), rng.uniform(0.3, 0.6), rng.uniform(0.2, 0.6)))
    tilt = smooth(0.5 + 0.5 * (np.cos(a := rng.uniform(0, 6.3)) * x + np.sin(a) * y))
    image = far + (near - far) * tilt[..., None]
    sharpest = rng.uniform(0.1, 0.5)
    for depth in np.linspace(0, 1, 12):
        angle = rng.uniform(0, np.pi) if rng.random() < 0.5 else rng.normal(np.pi / 2, 0.3)
        cx, cy = rng.uniform(-1.2, 1.2, 2)
        c, s = np.cos(angle), np.sin(angle)
        length, width = rng.uniform(0.5, 1.3), rng.uniform(0.08, 0.28)
        u = ((x - cx) * c + (y - cy) * s) / length
        v = ((y - cy) * c - (x - cx) * s) / width
        soft = 1.2 - depth * (1.2 - sharpest)
        alpha = smooth((1 - u * u - np.abs(v)) / soft) * rng.uniform(0.5, 1)
        green = rgb((rng.uniform(0.18, 0.36), rng.uniform(0.35, 0.75), rng.uniform(0.18, 0.4 + 0.4 * depth)))
        fold = 1 + 0.18 * np.clip(v / (0.2 + soft), -1, 1) + 0.1 * np.exp(-((v / (0.1 + soft / 3)) ** 2))
        image = paint(image, green * fold[..., None], alpha)
    return image


def develop(rng: np.random.Generator, image: Array, x: Array, y: Array) -> Array:
    """Turn a scene into a photograph: uneven light, white balance, exposure, contrast and sensor noise."""
    a = rng.uniform(0, 2 * np.pi)
    light = 1 + rng.uniform(0, 0.25) * (np.cos(a) * x + np.sin(a) * y) - rng.uniform(0, 0.12) * (x * x + y * y)
    warmth = 1 + rng.normal(0, 0.05) * np.array([1, 0, -1])
    image = np.clip(image * light[..., None] * warmth * rng.uniform(0.95, 1.25), 0, 1) ** rng.uniform(0.85, 1.15)
    noise = rng.standard_normal(image.shape, dtype=np.float32) * rng.uniform(0.008, 0.03)
    return np.clip(image + noise, 0, 1).astype(np.float32)
