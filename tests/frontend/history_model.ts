// The history's model in the tests: two layers, and as many records as are wanted.
import { SETTINGS, type Traits } from "../../js/src/host/history_traits";
import { Fake } from "./fake";
import { square } from "./square";

const shown = (epoch: number, layer: string, filter: number): Traits["shown"] => ({
  epoch, layer, filter, kernel: square(3), gradient: square(3, "blue"), picture: square(4), kernel_limit: 0.5,
  gradient_limit: 0.25, kernel_words: "3 x 3, 3 inputs", gradient_words: "3 x 3, 3 inputs", picture_words: "activation 2",
});

const records = (count: number): Partial<Traits> => ({
  epochs: Array.from({ length: count }, (_, index) => index),
  logs: { loss: [null, ...Array.from({ length: count - 1 }, (_, index) => 2 - index / 4)],
    val_loss: [null, ...Array.from({ length: count - 1 }, () => 2)] },
  norms: { conv1: Array.from({ length: count }, () => 1), conv2: Array.from({ length: count }, () => 0) },
  marks: { conv1: Array.from({ length: count }, () => ""), conv2: Array.from({ length: count }, () => "dead") },
});

/** The state of a history, as the kernel opens it before the first record, but for `changes`. */
export function historyState(changes: Partial<Traits> = {}): Traits {
  return { epoch: 0, layer: "", filter: 0, epochs: [], layers: [], logs: {}, norms: {}, marks: {}, shown: {},
    status: "ready", heard: 0, working: false, told: undefined, note: "", error: "", version: "0", ...changes };
}

export class FakeHistory extends Fake<Traits> {
  constructor() {
    super(historyState(), SETTINGS);
  }

  /** So many records, and what is shown of the one that is looked at: as the kernel has it, the newest where it was. */
  record(count: number): void {
    const before = this.get("epochs").length;
    const epoch = before && this.get("epoch") === before - 1 ? count - 1 : this.get("epoch");
    this.kernel({ ...records(count), epoch, layers: [{ name: "conv1", filters: [5, 0, 1], owner: "conv1" },
      { name: "net/conv2", filters: [0], owner: "conv2" }],
      shown: shown(epoch, this.get("layer") || "conv1", this.get("filter")),
      note: "Gradients of the loss on the probe, 10 examples." });
  }
}
