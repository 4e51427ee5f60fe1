"""All filters of a network as a folder of static files: made, opened, read and compared."""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from filterviz_widget.atlas.contents import Contents
from filterviz_widget.atlas.folder import check_is_free, known
from filterviz_widget.description.ranges import Range, fitting
from filterviz_widget.store.paths import full

if TYPE_CHECKING:
    import pandas

    from filterviz_widget.atlas.estimate import Estimate
    from filterviz_widget.atlas.making import Making
    from filterviz_widget.description.options import AtlasOptions, EstimateOptions
    from filterviz_widget.widgets.atlas_widget import AtlasWidget


class Atlas(Contents):
    """An atlas: every filter of a network, in a folder that opens in any browser by its `index.html`.

    In a notebook it shows itself. Make one with `Atlas.make`, open one with `Atlas.open`; the files are described in
    docs/atlas-format.md.

    Example:

    >>> atlas = Atlas.make(model, "atlas/", images="photos/")
    >>> atlas
    >>> atlas.to_dataframe().sort_values("selectivity")
    """

    def __init__(self, folder: str | Path, making: Making | None = None) -> None:
        super().__init__(folder)
        self._making = making
        self._widget: AtlasWidget | None = None

    @classmethod
    def make(
        cls,
        model: Any,
        folder: str | Path,
        *,
        images: Any = None,
        layers: Sequence[str] | str | None = None,
        class_names: Sequence[str] | None = None,
        method: str = "robust",
        image_size: int | Sequence[int] | None = None,
        step_size: float | None = None,
        iterations: int | None = None,
        seed: int = 0,
        precision: str = "float32",
        facets: int = 3,
        workers: int | None = None,
        ray: str | Mapping[str, Any] | None = None,
        wait: bool | None = None,
        progress: bool = True,
        **options: Unpack[AtlasOptions],
    ) -> Atlas:
        """Makes what is missing of an atlas: run again after an interruption, it goes on where it was.

        It is made in processes of one thread each, so that the same bytes come out however many there are. In a script
        the call stands under `if __name__ == "__main__":`, as these processes import the script.

        Args:
            model: A built Keras model, the path of a `.keras` file, or whatever else `FilterExplorer` takes. It is
                read, never changed.
            folder: Where it goes: a new folder, an empty one, or an unfinished atlas of the same model and settings.
                Two processes are not to make one atlas at the same time; in one, the newer call ends the older.
            images: For the images that excite each filter most, as `strongest_images` takes them.
            layers: Names of layers; None for all convolutions and units.
            class_names: What the units of the last layer are called, to be found by.
            method: How the optima are sought: "classic", "robust" or "natural".
            image_size: Side of the image in pixels, or `(height, width)`; None for 128, or the model's own where that
                is smaller or a layer needs it.
            step_size: In grey levels; None for the method's.
            iterations: None for the method's.
            seed: Of the random moves.
            precision: "float32", "bfloat16" or "float16": in which dtype the layers are computed.
            facets: How many different optima of each filter, up to 8; 0 for none.
            workers: How many processes; None for as many as there are cores and memory for, 0 for this process, which
                is the default where there is a GPU, whose memory it has. A model that only this process knows is drawn
                here, too.
            ray: Address of a Ray cluster, "auto" or "local", in place of processes (`pip install
                filterviz-widget[ray]`); all machines must find the folder, the model and the images by the same path.
                Or a dictionary with the address and what each task takes: `{"address": "auto", "num_gpus": 0.5}`.
            wait: Whether to return only when it is finished; None for yes, but in a notebook, where it is shown
                while it is made.
            progress: Whether to write to the terminal how far it is, while waiting.
            **options: Axes of `Method`, and how the model is read: `input`, `input_range`, `preprocess`,
                `other_inputs`, `channels`, `data`, `input_shape`.

        Returns:
            The atlas.

        Raises:
            TypeError: For something that is no model, or an unknown argument.
            ValueError: For what does not fit, or a folder with something else in it.
            OSError: If it cannot be written, such as on a full disk. What is done stays.
            RuntimeError: If it cannot be made; in a worker, if the script calls it there again.
            KeyboardInterrupt: At Ctrl-C. What is done stays.

        Example:

        >>> Atlas.make("model.keras", "atlas/", images="photos/", layers=["conv1", "conv2"], iterations=40)
        """
        if multiprocessing.parent_process() is not None:
            raise RuntimeError('Atlas.make was called by a worker: put the call under `if __name__ == "__main__":`.')
        if workers is not None:
            workers = fitting("workers", workers, Range(0, 4096, whole=True))
        from filterviz_widget.atlas.making import Making, end_other
        from filterviz_widget.atlas.planning import plan

        where = full(folder)
        if (found := known(where)) is None:
            check_is_free(where)
        planned = plan(
            model,
            where,
            images=images,
            layers=layers,
            class_names=class_names,
            method=method,
            image_size=image_size,
            step_size=step_size,
            iterations=iterations,
            seed=seed,
            precision=precision,
            facets=facets,
            found=found,
            ready=lambda: end_other(where),
            **options,
        )
        made = cls.__new__(cls)
        made.folder, made._widget = where, None
        made._making = making = Making(planned, workers, ray, made._tell)
        if wait if wait is not None else not _in_notebook():
            made._follow(making, progress)
        return made

    @classmethod
    def estimate(cls, model: Any, *, workers: int | None = None, **arguments: Unpack[EstimateOptions]) -> Estimate:
        """Says how many filters an atlas would have, how long it would take and how large it would be.

        A few filters of three layers are made by one worker, in a folder that is removed again.

        Args:
            model: As for `make`.
            workers: As for `make`.
            **arguments: The other arguments of `make`, but for `folder`, `ray`, `wait` and `progress`. Images have no
                say: how long they take depends on the disk.

        Returns:
            An `Estimate`: `.filters`, `.shards`, `.seconds`, `.nbytes`; printed, a line.

        Raises:
            ValueError: As `make`, as are other errors.

        Example:

        >>> print(Atlas.estimate("model.keras", iterations=40))
        305 filters of 6 layers in 11 shards: about 4 min with 2 workers, 17 MB
        """
        from filterviz_widget.atlas.estimate import estimate
        from filterviz_widget.atlas.planning import plan

        given: dict[str, Any] = {**arguments, "images": None}
        with tempfile.TemporaryDirectory() as folder:
            return estimate(plan(model, Path(folder), **given), workers)

    @classmethod
    def open(cls, folder: str | Path) -> Atlas:
        """Opens an atlas, finished or not.

        Raises:
            FileNotFoundError: If there is none.
            ValueError: If it is damaged, or of a later version.
        """
        return cls(folder)

    def compare(self, other: Atlas | str | Path) -> pandas.DataFrame:
        """Compares two atlases of the same architecture, filter by filter, such as before and after fine-tuning.

        Returns:
            Columns `layer`, `filter`, `likeness` (the cosine between what the layers answer to the two optima, from -1
            to 1), `activation` and `other_activation`; the least alike first. Filters that one lacks are left out.

        Raises:
            ValueError: If layers or numbers of filters differ.
            ImportError: If pandas is not installed.
        """
        from filterviz_widget.atlas.compare import compared

        return compared(self, other if isinstance(other, Atlas) else Atlas.open(other))

    def serve(self, port: int = 0) -> Any:
        """A web server for it, on 127.0.0.1 alone: `with atlas.serve() as server: server.serve_forever()`.

        Raises:
            OSError: If the port is taken.
        """
        from filterviz_widget.atlas.site import server

        return server(self.folder, port)

    def wait(self, timeout: float | None = None) -> bool:
        """Blocks until it is finished, or was stopped; False if that takes longer than so many seconds.

        Raises:
            Exception: What it failed with.
        """
        if self._making is None:
            return True
        is_over = self._making.wait(timeout)
        if self._making.error is not None:
            raise self._making.error
        return is_over

    def stop(self) -> None:
        """Ends the making of it; what is done stays. Run `Atlas.make` again to go on."""
        if self._making is not None:
            self._making.stop()

    def __repr__(self) -> str:
        about = self._about()
        state = f", {self._making.state}" if self._making and self._making.state != "done" else ""
        return (
            f"Atlas of {about['title']!r}: {about['made']:,} of {about['filters']:,} filters of {len(about['layers'])} "
            f"layers, in {str(self.folder)!r}{state}"
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        if self._widget is None or self._widget.closed:
            from filterviz_widget.widgets.atlas_widget import AtlasWidget

            self._widget = AtlasWidget(self.folder, self.filters, self.stop)
            self._tell()
        return self._widget._repr_mimebundle_(**kwargs)

    def _tell(self) -> None:
        """Says how far it is; called whenever there is more, on the thread that makes it."""
        making, widget = self._making, self._widget
        if widget is None:
            return
        if making is None:
            widget.tell(self.made, 0, "done" if self.made == self.filters else "stopped")
        else:
            error, progress = str(making.error) if making.error else "", making.progress
            widget.tell(sum(progress.made), making.parts, making.state, progress.pace, making.note, error)

    def _follow(self, making: Making, progress: bool) -> None:
        from filterviz_widget.atlas.progress import Line

        line = Line() if progress else None
        try:
            is_over = False
            while not is_over:
                is_over = making.wait(0.5)
                if line:
                    line.show(making.progress.words, sum(making.progress.made))
        except BaseException:  # Ctrl-C, mostly
            making.stop()
            making.wait(10)
            raise
        finally:
            if line:
                line.end()
        if making.error is not None:
            raise making.error
        if making.note and progress:
            print(making.note, file=sys.stderr)


def _in_notebook() -> bool:
    with contextlib.suppress(ImportError, AttributeError):
        ipython = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        return ipython is not None and hasattr(ipython, "kernel")
    return False
