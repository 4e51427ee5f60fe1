"""Trains the demonstration's network on procedural flowers and writes the weights that the package ships.

Light adversarial training (L2; Madry et al. 2017, arXiv 1706.06083) makes the filters' pictures smooth, so that
petals and veins can be recognised (Engstrom et al. 2019, arXiv 1906.00945).

    python scripts/train_flower_model.py
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from filterviz_widget.demo import flowers, network

SEED = 1  # training flowers; 2 is the unseen test set


def draw(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw `count` flowers as uint8, in processes; each part has its own seed."""
    parts = 4
    with ProcessPoolExecutor() as pool:
        jobs = [pool.submit(flowers, count // parts, 96, seed * 100 + part) for part in range(parts)]
        images, labels = zip(*(job.result() for job in jobs), strict=True)
    return np.round(np.concatenate(images) * 255).astype(np.uint8), np.concatenate(labels)


def shrink(images: np.ndarray, size: int) -> np.ndarray:
    """Scale uint8 images down with an antialiasing filter."""
    parts = np.array_split(images, max(1, len(images) // 500))
    return np.concatenate(
        [np.round(tf.image.resize(part, (size, size), antialias=True)).clip(0, 255).astype(np.uint8) for part in parts]
    )


def stage(
    model: keras.Model,
    data: tuple[np.ndarray, np.ndarray],
    epochs: float,
    rate: float,
    radius: float,
    steps: int,
) -> None:
    """Train for some epochs at one image size, with perturbations of L2 norm `radius` (for 64x64x3)."""
    images, labels = data
    size = images.shape[1]
    batch, reach = 64, radius * size / 64
    total = int(epochs * len(images) / batch)
    optimizer = keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(
            rate / 20, total - total // 10, warmup_target=rate, warmup_steps=total // 10, alpha=0.02
        ),
        weight_decay=5e-4,
    )
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    body = keras.Sequential(model.layers[1:])  # the same layers without the fixed input size

    @tf.function(reduce_retracing=True)
    def train(x, y):
        start = x
        for _ in range(steps):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(x)
                loss = loss_of(y, body(x))
            gradient = tape.gradient(loss, x)
            norm = tf.norm(tf.reshape(gradient, (len(x), -1)), axis=1)[:, None, None, None]
            x += 2 * reach / (steps + 1) * gradient / (norm + 1e-12)
            change = x - start
            norm = tf.norm(tf.reshape(change, (len(x), -1)), axis=1)[:, None, None, None]
            x = tf.clip_by_value(start + change * tf.minimum(1.0, reach / (norm + 1e-12)), 0, 1)
        with tf.GradientTape() as tape:
            logits = body(x, training=True)
            loss = loss_of(y, logits)
        optimizer.apply_gradients(
            zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=True)
        )
        return loss, tf.reduce_mean(tf.cast(tf.argmax(logits, 1, y.dtype) == y, tf.float32))

    rng = np.random.default_rng(SEED)
    began, losses = time.time(), []
    for step in range(total):
        pick = rng.integers(0, len(images), batch)
        x = images[pick].astype(np.float32) / 255
        x = np.where(rng.random((batch, 1, 1, 1)) < 0.5, x[:, :, ::-1], x)
        losses.append(train(tf.constant(x), tf.constant(labels[pick])))
        if step % 50 == 49:
            mean = np.mean(losses[-50:], axis=0)
            print(
                f"{size}px {step + 1}/{total} {time.time() - began:.0f}s loss {mean[0]:.3f} "
                f"accuracy under attack {mean[1]:.3f}",
                flush=True,
            )


def main() -> None:
    """Train at 64 pixels, then at 96; measure on unseen flowers; write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=8160)
    parser.add_argument("--epochs", type=float, nargs=2, default=(12, 2))
    parser.add_argument("--radius", type=float, default=1.0)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--start", type=Path)
    parser.add_argument("--out", type=Path, default=Path(network.__file__).with_name(network.WEIGHTS))
    options = parser.parse_args()
    images, labels = draw(options.count, SEED)  # before TensorFlow starts its threads: the processes are forked
    keras.utils.set_random_seed(SEED)
    model = network.build()
    if options.start:
        model.load_weights(options.start)
    for size, epochs, rate in zip((64, 96), options.epochs, (options.rate, options.rate / 3), strict=True):
        if epochs:
            small = images if size == 96 else shrink(images, size)
            stage(model, (small, labels), epochs, rate, options.radius, options.steps)
            model.save_weights(options.out)
    images, labels = flowers(2000, seed=2)
    right = model.predict(images, verbose=0).argmax(1) == labels
    print(f"accuracy on 2,000 unseen flowers: {right.mean():.4f}")
    for index, kind in enumerate(network.SPECIES):
        print(f"  {kind.name}: {right[labels == index].mean():.3f}")
    print(f"{options.out}: {options.out.stat().st_size / 1e3:.0f} kB, {model.count_params():,} parameters")


if __name__ == "__main__":
    main()
