"""Small transformers on images, written in several ways that users write them."""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tests.networks import with_weights

HEIGHT, WIDTH, PATCH, CHANNELS = 12, 16, 4, 6
GRID = (HEIGHT // PATCH, WIDTH // PATCH)
COUNT = GRID[0] * GRID[1]


class ClassToken(layers.Layer):
    """Puts tokens that belong to no place before the others, and adds an embedding of positions."""

    def __init__(self, before: int = 1, after: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self.before, self.after = before, after

    def build(self, shape: Any) -> None:
        self.token = self.add_weight(shape=(1, self.before + self.after, shape[-1]), name="token")
        count = shape[1] + self.before + self.after
        self.positions = self.add_weight(shape=(1, count, shape[-1]), name="positions")

    def call(self, x: Any) -> Any:
        rows = ops.repeat(self.token, ops.shape(x)[0], axis=0)
        parts = [rows[:, : self.before], x, rows[:, self.before :]]
        return ops.concatenate([part for part in parts if part.shape[1] != 0], axis=1) + self.positions


class PatchEmbedding(layers.Layer):
    """A convolution, its map made tokens, a class token before them: all in one call, with sizes read there."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.conv = layers.Conv2D(CHANNELS, PATCH, PATCH, name="conv")

    def build(self, shape: Any) -> None:
        self.conv.build(shape)
        self.token = self.add_weight(shape=(1, 1, CHANNELS), name="token")
        self.positions = self.add_weight(shape=(1, COUNT + 1, CHANNELS), name="positions")

    def call(self, x: Any) -> Any:
        x = self.conv(x)
        batch = ops.shape(x)[0]
        x = ops.reshape(x, (batch, -1, CHANNELS))
        return ops.concatenate([ops.tile(self.token, (batch, 1, 1)), x], axis=1) + self.positions


class Encoder(layers.Layer):
    """A block as everybody writes it."""

    def __init__(self, heads: int = 2, **options: Any) -> None:
        super().__init__(**options)
        self.norm_1, self.norm_2 = layers.LayerNormalization(name="norm_1"), layers.LayerNormalization(name="norm_2")
        self.attention = layers.MultiHeadAttention(heads, 3, name="attention")
        wide, narrow = layers.Dense(8, "gelu", name="wide"), layers.Dense(CHANNELS, name="narrow")
        self.mlp = keras.Sequential([wide, narrow], name="mlp")

    def build(self, shape: Any) -> None:
        self.norm_1.build(shape)
        self.attention.build(shape, shape)
        self.norm_2.build(shape)
        self.mlp.build(shape)

    def call(self, x: Any) -> Any:
        y = self.norm_1(x)
        x = x + self.attention(y, y)
        return x + self.mlp(self.norm_2(x))


def vit(before: int = 1, after: int = 0, blocks: int = 1) -> Any:
    """Functional: a convolution, a reshape, tokens before and after those of the grid, blocks, a head."""
    image = keras.Input((HEIGHT, WIDTH, 3), name="image")
    x = layers.Conv2D(CHANNELS, PATCH, PATCH, name="patches")(image)
    x = layers.Reshape((COUNT, CHANNELS), name="flat")(x)
    if before or after:
        x = ClassToken(before, after, name="tokens")(x)
    for number in range(blocks):
        x = Encoder(name=f"block_{number}")(x)
    x = layers.LayerNormalization(name="norm")(x)
    return with_weights(keras.Model(image, layers.Dense(3, name="classes")(x[:, 0])))


def patches_of(images: Any, kernel: Any, bias: Any) -> Any:
    """What a convolution over patches makes, by arithmetic of its own: `(batch, rows * columns, channels)`."""
    size = kernel.shape[0]
    rows, columns = images.shape[1] // size, images.shape[2] // size
    cut = images.reshape(-1, rows, size, columns, size, images.shape[3]).transpose(0, 1, 3, 2, 4, 5)
    return cut.reshape(len(images), rows * columns, -1) @ kernel.reshape(-1, kernel.shape[-1]) + bias


def pixels(count: int = 2, size: tuple[int, int] = (HEIGHT, WIDTH)) -> Any:
    """Images of noise."""
    return np.random.default_rng(3).uniform(0, 1, (count, *size, 3)).astype(np.float32)
