// A strict stand-in for the host's model of the history's widget.
import widget from "../../js/src/views/history";
import type { HistoryTraits } from "../../js/src/host/history_traits";
import { square } from "./harness";

type Name = keyof HistoryTraits & string;
type Listener = (this: unknown) => void;

const SETTINGS: readonly Name[] = ["epoch", "layer", "filter"];

const shown = (epoch: number, layer: string, filter: number): HistoryTraits["shown"] => ({
  epoch, layer, filter, kernel: square(3), gradient: square(3, "blue"), picture: square(4), kernel_limit: 0.5,
  gradient_limit: 0.25, kernel_words: "3 x 3, 3 inputs", gradient_words: "3 x 3, 3 inputs", picture_words: "activation 2",
});

const records = (count: number): Partial<HistoryTraits> => ({
  epochs: Array.from({ length: count }, (_, index) => index),
  logs: { loss: [null, ...Array.from({ length: count - 1 }, (_, index) => 2 - index / 4)],
    val_loss: [null, ...Array.from({ length: count - 1 }, () => 2)] },
  norms: { conv1: Array.from({ length: count }, () => 1), conv2: Array.from({ length: count }, () => 0) },
  marks: { conv1: Array.from({ length: count }, () => ""), conv2: Array.from({ length: count }, () => "dead") },
});

export class FakeHistory {
  readonly saves: Partial<HistoryTraits>[] = [];
  private readonly state: HistoryTraits = {
    epoch: 0, layer: "", filter: 0, epochs: [], layers: [], logs: {}, norms: {}, marks: {}, shown: {}, status: "ready",
    note: "", error: "", version: "0",
  };
  private unsaved: Partial<HistoryTraits> = {};
  private readonly listeners = new Map<string, Set<Listener>>();

  get<K extends Name>(name: K): HistoryTraits[K] {
    if (!(name in this.state)) throw new Error(`there is no trait ${name}`);
    return structuredClone(this.state[name]);
  }

  set<K extends Name>(name: K, value: HistoryTraits[K]): void {
    if (!SETTINGS.includes(name)) throw new Error(`the page wrote ${name}, which is the kernel's`);
    if (typeof value !== typeof this.state[name] || Number.isNaN(value)) throw new Error(`${name} = ${String(value)}`);
    if (this.state[name] === value) return;
    this.state[name] = value;
    this.unsaved[name] = value;
    this.emit(name);
  }

  save_changes(): void {
    this.saves.push(this.unsaved);
    this.unsaved = {};
  }

  send(): void {
    // The kernel only hears that there is a page.
  }

  on(name: string, listener: Listener): void {
    this.listeners.set(name, (this.listeners.get(name) ?? new Set()).add(listener));
  }

  off(name: string, listener: Listener): void {
    if (!this.listeners.get(name)?.delete(listener)) throw new Error(`nobody listens to ${name}`);
  }

  listening(): number {
    return [...this.listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }

  kernel(changes: Partial<HistoryTraits>): void {
    Object.assign(this.state, changes);
    for (const name of Object.keys(changes)) this.emit(name);
  }

  /** What a host does when its kernel goes or comes back. */
  live(on: boolean): void {
    for (const listener of [...(this.listeners.get("comm_live_update") ?? [])])
      listener.call({ model: { comm_live: on } });
  }

  /** So many records, and what is shown of the newest. */
  record(count: number): void {
    this.kernel({ ...records(count), layers: [{ name: "conv1", filters: [0, 1, 5], owner: "conv1" },
      { name: "net/conv2", filters: [0], owner: "conv2" }],
      shown: shown(Math.min(this.state.epoch, count - 1), this.state.layer || "conv1", this.state.filter),
      note: "Gradients of the loss on the probe, 10 examples." });
  }

  private emit(name: string): void {
    for (const listener of [...(this.listeners.get(`change:${name}`) ?? [])]) listener();
  }
}

export function mountHistory(model: FakeHistory, el: HTMLElement): () => void {
  const controller = new AbortController();
  const props = { model, el, signal: controller.signal };
  widget.render(props as unknown as Parameters<typeof widget.render>[0]);
  return () => controller.abort();
}
