"""Trains the demonstration's network on procedural flowers and writes the weights that the package ships.

Every image is first moved a small way in the direction that misleads the network most (adversarial training with
one step: Goodfellow et al. 2014, arXiv 1412.6572; L2 norm as in Miyato et al. 2015, arXiv 1507.00677). It makes the
filters' pictures smooth, so that petals and veins can be recognised (Engstrom et al. 2019, arXiv 1906.00945).

    python scripts/train_flower_model.py
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from filterviz_widget.demo import SPECIES, flowers, network


@dataclass(frozen=True)
class Stage:
    """A part of the training.

    Attributes:
        size: Side of the images in pixels.
        epochs: How often each image is seen, on average.
        rate: The learning rate's peak.
        radius: How far the adversary moves an image: L2 norm, as if it were 64x64x3 in [0, 1].
        noise: Standard deviation of the noisiest images' added noise; each image draws its own, from 0 to this.
    """

    size: int
    epochs: float
    rate: float
    radius: float
    noise: float


STAGES = (
    Stage(80, 8, 3e-3, 1.0, 0.0),  # learns to tell the flowers apart; small images are quick
    Stage(80, 2.5, 2e-3, 1.5, 0.4),  # makes the pictures smooth, and costs some accuracy
    Stage(96, 2, 1e-3, 0.8, 0.3),  # wins it back, at full size
)
SEED = 1  # of the training flowers and of everything random here; 2 is the unseen test set's
BATCH = 64
Array = npt.NDArray[Any]


def draw(count: int, seed: int) -> tuple[Array, Array]:
    """Draw `count` flowers as uint8, in processes; each part has its own seed."""
    parts = 4
    with ProcessPoolExecutor() as pool:
        jobs = [pool.submit(flowers, count // parts, 96, seed * 100 + part) for part in range(parts)]
        images, labels = zip(*(job.result() for job in jobs), strict=True)
    return np.round(np.concatenate(images) * 255).astype(np.uint8), np.concatenate(labels)


def shrink(images: Array, size: int) -> Array:
    """Scale uint8 images down with an antialiasing filter."""
    parts = np.array_split(images, max(1, len(images) // 500))
    small = [tf.image.resize(part, (size, size), antialias=True).numpy() for part in parts]
    return np.concatenate([np.round(part).clip(0, 255).astype(np.uint8) for part in small])


def train(model: keras.Model, images: Array, labels: Array, stage: Stage) -> None:
    """Train for one stage, on images of its size."""
    reach = stage.radius * stage.size / 64
    total = int(stage.epochs * len(images) / BATCH)
    tenth = total // 10
    optimizer = keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(
            stage.rate / 20, total - tenth, warmup_target=stage.rate, warmup_steps=tenth, alpha=0.02
        ),
        weight_decay=5e-4,
    )
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    body = keras.Sequential(model.layers[1:])  # the same layers without the fixed input size

    def adapt(x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            loss = loss_of(y, body(x))
        gradient = tape.gradient(loss, x)
        norm = tf.sqrt(tf.reduce_sum(tf.square(gradient), axis=(1, 2, 3), keepdims=True))
        x = tf.clip_by_value(x + reach * gradient / (norm + 1e-12), 0, 1)
        with tf.GradientTape() as tape:
            logits = body(x, training=True)
            loss = loss_of(y, logits)
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss, tf.reduce_mean(tf.cast(tf.argmax(logits, 1, y.dtype) == y, tf.float32))

    step = tf.function(adapt)
    rng = np.random.default_rng(SEED)
    began, results = time.time(), []
    for number in range(1, total + 1):
        pick = rng.integers(0, len(images), BATCH)
        x = images[pick].astype(np.float32) / 255
        x = np.where(rng.random((BATCH, 1, 1, 1)) < 0.5, x[:, :, ::-1], x)
        strength = rng.random((BATCH, 1, 1, 1), dtype=np.float32) * stage.noise
        x = x + strength * rng.standard_normal(x.shape, dtype=np.float32)
        results.append(step(tf.constant(x), tf.constant(labels[pick])))
        if number % 100 == 0 or number == total:
            loss, right = np.mean(results[-100:], axis=0)
            seconds = time.time() - began
            print(f"{stage.size} px, {number}/{total}, {seconds:.0f} s: loss {loss:.3f}, {right:.1%} right", flush=True)


def test(model: keras.Model, images: Array, labels: Array) -> None:
    """Print the share of images named correctly, and each species' share."""
    right = model.predict(images, batch_size=100, verbose=0).argmax(1) == labels
    print(f"accuracy on {len(images):,} unseen flowers: {right.mean():.4f}")
    for index, species in enumerate(SPECIES):
        print(f"  {species.name}: {right[labels == index].mean():.3f}")


def main() -> None:
    """Draw the flowers, train in stages, write the weights, and measure on unseen flowers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=8160, help="training flowers, a multiple of 4")
    parser.add_argument("--drawn", type=Path, help="an .npz file that keeps the training flowers between runs")
    parser.add_argument("--out", type=Path, default=Path(network.__file__).with_name(network.WEIGHTS))
    options = parser.parse_args()
    if options.drawn and options.drawn.exists():
        images, labels = np.load(options.drawn).values()
    else:
        images, labels = draw(options.count, SEED)  # before TensorFlow starts its threads: the processes are forked
        if options.drawn:
            np.savez(options.drawn, images=images, labels=labels)
    keras.utils.set_random_seed(SEED)
    model = network.build()
    for stage in STAGES:
        train(model, shrink(images, stage.size) if stage.size < images.shape[1] else images, labels, stage)
        model.save_weights(options.out)
    print(f"{options.out}: {options.out.stat().st_size / 1e3:.0f} kB, {model.count_params():,} parameters", flush=True)
    test(model, *flowers(2000, seed=2))


if __name__ == "__main__":
    main()
