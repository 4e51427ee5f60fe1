"""Photograph-like flowers, drawn on the pixel grid: `flowers(count)`."""

import numpy as np

from filterviz_widget.demo.backdrop import Array, backdrop, blur, develop, paint, rgb, smooth
from filterviz_widget.demo.species import COLOURS, SPECIES, Species


def flowers(count: int, size: int = 96, seed: int = 0) -> tuple[Array, np.ndarray]:
    """Draw photograph-like flowers of the 17 species of Oxford Flowers 17.

    Image `i` depends on `seed`, `i` and `size` only, so a longer series begins with the shorter one. Every 17
    consecutive images (from a multiple of 17) hold each species once, in random order.

    Args:
        count: How many images, 0 or more.
        size: Side of the square images in pixels, 8 or more.
        seed: Non-negative integer; the same seed gives the same images.

    Returns:
        `(images, labels)`: float32 `(count, size, size, 3)` in [0, 1] and int32 `(count,)`, indices into
        `SPECIES`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> images, labels = flowers(34)
        >>> images.shape, SPECIES[labels[0]].name
    """
    for name, value, least in (("count", count, 0), ("size", size, 8), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}.")
    images = np.empty((count, size, size, 3), np.float32)
    labels = np.empty(count, np.int32)
    for i in range(count):
        block, place = divmod(i, len(SPECIES))
        labels[i] = np.random.default_rng((seed, block, 1)).permutation(len(SPECIES))[place]
        images[i] = photograph(np.random.default_rng((seed, i)), SPECIES[labels[i]], size)
    return images, labels


def photograph(rng: np.random.Generator, species: Species, size: int) -> Array:
    """Draw one image, float32 `(size, size, 3)` in [0, 1]: one to three plants before a blurred background."""
    y, x = np.mgrid[1 : -1 : size * 1j, -1 : 1 : size * 1j].astype(np.float32)
    light = rng.uniform(0.3, np.pi - 0.3)
    image = backdrop(rng, x, y)
    colour = COLOURS[species.colours[rng.integers(len(species.colours))]]
    plants = rng.choice([1, 2, 3], p=[0.55, 0.3, 0.15])
    for nearness in np.linspace(1 if plants == 1 else 0.55, 1, plants):
        image = blur(image, round((1 - nearness) * 3))
        reach = 0.30 if plants == 1 else 0.55
        place = rng.uniform(-reach, reach, 2)
        image = plant(image, rng, x - place[0], y - place[1], species, colour, light, nearness)
    return develop(rng, image, x, y)


def plant(
    image: Array,
    rng: np.random.Generator,
    x: Array,
    y: Array,
    species: Species,
    colour: tuple[float, ...],
    light: float,
    scale: float,
) -> Array:
    """Draw one plant at the origin: its stem and the flowers of its cluster."""
    scale *= rng.uniform(0.8, 1.2)
    lean, hanging = rng.uniform(-0.25, 0.25), species.spread < 360 and species.facing < 0
    hook = 0.35 if hanging else 0.0
    top = 0.62 * scale if species.cluster > 1 else 0.0
    bend = x - lean * (y - top) - hook * np.exp(-(((y - top) / 0.4) ** 2))
    green = rgb((rng.uniform(0.22, 0.30), rng.uniform(0.45, 0.7), rng.uniform(0.35, 0.6)))
    stem = smooth((0.045 * scale - np.abs(bend)) / 0.03) * smooth((top - y) / 0.03)
    image = paint(image, green * (0.8 + 6 * bend * np.cos(light))[..., None].clip(0.5, 1.2), stem)
    for number in range(species.cluster):
        side = 1 if number % 2 else -1
        if species.cluster == 1:
            cx, cy = 0.0, 0.0
        elif hanging:
            cy = top - number * 1.35 * top / species.cluster
            cx = lean * (cy - top) + side * 0.26 * scale + rng.normal(0, 0.03)
        else:
            turn = number * 2 * np.pi / species.cluster + rng.normal(0, 0.2)
            cx, cy = 0.40 * scale * np.cos(turn), 0.40 * scale * np.sin(turn) + top * 0.4
        radius = species.radius * scale * rng.uniform(0.9, 1.1)
        image = bloom(image, rng, (x - cx) / radius, (y - cy) / radius, species, colour, light)
    return image


def bloom(
    image: Array,
    rng: np.random.Generator,
    x: Array,
    y: Array,
    species: Species,
    colour: tuple[float, ...],
    light: float,
) -> Array:
    """Draw one flower of radius 1 at the origin: rows of petals, then the core and its stamens."""
    whole = species.spread >= 360
    turn = rng.uniform(0, 2 * np.pi) if whole else species.facing * np.pi / 2 + rng.normal(0, 0.12)
    if species.pattern == "face":
        turn = -np.pi / 2 + rng.normal(0, 0.15)
    if whole:  # seen from an angle: one direction is foreshortened
        axis, squeeze = rng.uniform(0, np.pi), rng.uniform(1.0, 1.5)
        c, s = np.cos(axis), np.sin(axis)
        x, y = x * c + y * s, (y * c - x * s) * squeeze
        turn, light = turn - axis, light - axis
    else:
        y = y + species.facing * 0.45
    shadow = np.exp(-((np.hypot(x + 0.12 * np.cos(light), y + 0.12 * np.sin(light)) / 0.95) ** 4))
    image = image * (1 - (0.35 if whole else 0.15) * shadow)[..., None]
    hue, saturation, value = colour
    hue, saturation = hue + rng.normal(0, 0.012), saturation * rng.uniform(0.85, 1.1)
    tone = rgb((hue, saturation, value * rng.uniform(0.9, 1.02)))
    root = rgb((hue + rng.normal(0, 0.03), min(1.0, saturation * 1.3 + 0.05), value * 0.75))
    for row in range(species.rows):
        length = 1 - 0.72 * row / max(species.rows, 3 if species.core else 4)
        image = petals(
            image,
            rng,
            x,
            y,
            species,
            species.petals,
            length,
            species.width * length**0.5,
            turn + row * np.pi / species.petals,
            light,
            tone,
            root,
            species.pattern,
        )
    if species.stamens:
        long = 0.5 if species.stamens < 10 else 0.34
        yellow = rgb(COLOURS["gold" if species.core_colour != "black" else "black"])
        image = petals(
            image,
            rng,
            x,
            y,
            Species("stamen", (), species.stamens, 0, 0.2),
            species.stamens,
            long,
            0.02,
            turn + 0.3,
            light,
            yellow * 1.1,
            rgb(COLOURS["cream"]) * 0.8,
            "plain",
        )
    return core(image, rng, x, y, species, light) if species.core else image


def petals(
    image: Array,
    rng: np.random.Generator,
    x: Array,
    y: Array,
    species: Species,
    count: int,
    length: float,
    width: float,
    turn: float,
    light: float,
    tone: Array,
    root: Array,
    pattern: str,
) -> Array:
    """Draw one row of petals. Each pixel looks at the two petals next to it, so a row costs the same for any count."""
    spread = np.radians(species.spread)
    whole = species.spread >= 360
    step = spread / count if whole else spread / max(count - 1, 1)
    first = turn if whole else turn - spread / 2
    angle = np.arctan2(y, x) - first
    if not whole:
        angle = (angle - spread / 2 + np.pi) % (2 * np.pi) - np.pi + spread / 2
    radius = np.hypot(x, y)
    rivals = np.arange(2) if whole else np.arange(-1, 3)
    near = np.floor(angle / step).astype(np.int32) + rivals.astype(np.int32)[:, None, None]
    index = near % count
    off = angle - step * near + rng.normal(0, 0.12 * step if whole else 0.03, count).astype(np.float32)[index]
    off = np.clip(off, -1.5, 1.5)
    reach = (length * rng.uniform(0.9, 1.06, count)).astype(np.float32)[index]
    u, v = radius * np.cos(off) / reach, radius * np.sin(off)
    u = u * (1 + species.notch * np.exp(-((v / (0.45 * width)) ** 2)))
    rise, fall = 0.75 if whole else 0.5, 0.28 + 0.9 * species.tip
    peak = rise / (rise + fall)
    inside = u.clip(1e-3, 1 - 1e-3)
    half = width * (inside / peak) ** rise * ((1 - inside) / (1 - peak)) ** fall
    pixel = abs(x[0, 1] - x[0, 0]) + abs(y[0, 1] - y[0, 0])
    alpha = smooth(np.minimum(half - np.abs(v), (1 - u) * reach) / pixel * 0.9 + 0.25)
    if not whole:
        alpha = alpha * ((near >= 0) & (near < count))
    across = (v / (half + 0.3 * pixel)).clip(-1, 1)
    veins = np.cos(across * (9 if width > 0.15 else 4)) * inside * (1 - inside) * 4
    facing = np.cos(first + step * near - light).astype(np.float32)
    shade = 0.92 + 0.13 * facing - 0.22 * across**2 + 0.08 * veins - 0.16 * across * np.sin(light - first - step * near)
    shade = shade * (0.68 + 0.32 * smooth(inside * 2.2)) * rng.uniform(0.92, 1.06, count)[index]
    colour = root + (tone - root) * smooth(inside * 1.6)[..., None]
    ink, dark = markings(rng, pattern, inside, across, index)
    colour = colour + (dark - colour) * ink[..., None]
    colour = colour * shade[..., None].astype(np.float32)
    shadow = 0.25 * smooth((half - np.abs(v)) / (6 * pixel) + 0.8) * (u < 1)
    covered = np.zeros_like(x)
    for which in np.argsort(rng.permutation(count)[index], axis=0)[:, None]:  # from the back to the front
        mask, dim = (np.take_along_axis(part, which, 0)[0] for part in (alpha, shadow))
        image = image * (1 - dim * covered)[..., None]  # a petal's soft shadow on those behind it
        image = paint(image, np.take_along_axis(colour, which[..., None], 0)[0], mask)
        covered = np.maximum(covered, mask)
    return image


def markings(rng: np.random.Generator, pattern: str, u: Array, v: Array, index: Array) -> tuple[Array, Array]:
    """Return how strongly each pixel of a petal is marked, and with what colour."""
    phase = rng.uniform(0, 6, 64)[index % 64].astype(np.float32)
    dark = rgb(COLOURS["plum" if pattern in ("checks", "stripes") else "brown"])
    if pattern == "spots":
        return smooth(8 * (np.sin(26 * u + phase) * np.cos(8 * v + phase) - 0.45)) * (u < 0.8) * 0.85, dark
    if pattern == "checks":
        return smooth(6 * np.sin(22 * u + 1) * np.sin(7 * v + 0.5) + 0.5) * 0.65, dark * 0.5
    if pattern == "stripes":
        return smooth(6 * (np.cos(9 * v) - 0.55)) * 0.45 * smooth((0.95 - u) * 3), dark
    if pattern == "face":
        rays = 0.55 + 0.1 * np.cos(14 * v)
        return smooth((rays - u) * 9) * 0.92, rgb(COLOURS["black"])
    if pattern == "marks":
        return smooth((0.55 - u) * 6) * smooth((0.6 - np.abs(v)) * 5) * 0.8, rgb(COLOURS["gold"])
    return np.zeros_like(u), dark


def core(image: Array, rng: np.random.Generator, x: Array, y: Array, species: Species, light: float) -> Array:
    """Draw the core: a dome covered with spirals of seeds, or an open trumpet with a frilled edge."""
    size = species.core * rng.uniform(0.9, 1.1)
    radius, angle = np.hypot(x, y) / size, np.arctan2(y, x)
    tone = rgb(COLOURS[species.core_colour])
    frill = 1 + 0.05 * np.cos(angle * 14 + rng.uniform(0, 6)) + 0.04 * np.cos(angle * 5 + rng.uniform(0, 6))
    alpha = smooth((frill - radius) * size / 0.03)
    lit = (x * np.cos(light) + y * np.sin(light)) / size
    if species.seeds:
        spiral = np.log(radius + 0.12) * species.seeds * 0.62
        grain = np.cos(species.seeds * angle + spiral * 2.6) * np.cos(species.seeds * angle - spiral * 1.6)
        shade = 0.85 + 0.22 * grain + 0.25 * lit - 0.25 * radius**4
        shade = shade * (1 - 0.3 * np.exp(-((radius / 0.4) ** 2)))
    else:
        shade = 0.42 + 0.62 * smooth(radius * 1.15) + 0.1 * np.cos(angle * 14) * radius - 0.3 * lit * (1 - radius)
    return paint(image, tone * shade.clip(0.1, 1.4)[..., None], alpha)
