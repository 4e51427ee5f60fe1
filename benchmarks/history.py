"""What recording costs: the time of a record at the default settings, as a share of an epoch's own time."""

import time
from typing import Any

import keras
import numpy as np

from filterviz_widget import FilterHistory
from filterviz_widget.demo import flowers, network

EPOCHS = 3


def classic_network() -> keras.Model:
    """The well-known recipe's: three convolutions on 224x224 pixels."""
    from tests.history.networks import classic_network

    return classic_network()


def measure(model: keras.Model, images: np.ndarray, labels: np.ndarray, loss: Any) -> dict[str, float]:
    """Trains without and with recording; the first epoch, which traces, is left out."""
    model.compile("adam", loss)
    times: list[float] = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            times.append(time.perf_counter() - self.began)

    model.fit(images, labels, epochs=EPOCHS + 1, callbacks=[Clock()], verbose=0)
    epoch = float(np.median(times[1:]))
    history = FilterHistory(probe=(images[:32], labels[:32]), input_range=(0, 1))
    model.fit(images, labels, epochs=EPOCHS + 1, callbacks=[history], verbose=0)
    seconds = [log["record_seconds"] for log in history.logs]
    history.close()
    record = float(np.median(seconds[2:]))
    return {"epoch s": epoch, "record s": record, "first record s": seconds[0], "share": record / epoch}


def main() -> dict[str, Any]:
    """Measures the classic network and the flower model."""
    large, labels = flowers(340, size=224)
    small, small_labels = flowers(1700)
    results = {
        "classic network, 340 images": measure(
            classic_network(), large, labels, keras.losses.SparseCategoricalCrossentropy()
        ),
        "flower model, 1,700 images": measure(
            network.build(), small, small_labels, keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        ),
    }
    for name, figures in results.items():
        print(f"{name}: " + ", ".join(f"{key} {value:.3g}" for key, value in figures.items()))
    return results


if __name__ == "__main__":
    main()
