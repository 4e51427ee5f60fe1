// A strict stand-in for a host's model: it refuses what a host would silently accept.
import { same } from "../../js/src/base/same";
import type { Model, SharedTraits } from "../../js/src/host/model";

type Listener = (this: unknown, ...details: unknown[]) => void;

export class Fake<T extends SharedTraits> implements Model<T> {
  readonly saves: Partial<T>[] = [];
  readonly sent: unknown[] = [];
  /** Whether a kernel is there, and handles each message. */
  answers = true;
  /** As some hosts do where there is none. */
  refuses = false;
  private unsaved: Partial<T> = {};
  private readonly listeners = new Map<string, Set<Listener>>();

  constructor(private readonly state: T, private readonly settings: readonly (keyof T)[]) {}

  get<K extends keyof T>(name: K): T[K] {
    this.check(name);
    return structuredClone(this.state[name]);
  }

  set<K extends keyof T>(name: K, value: T[K]): void {
    this.check(name);
    if (!this.settings.includes(name)) throw new Error(`the page wrote ${String(name)}, which is the kernel's`);
    if (typeof value !== typeof this.state[name] || Number.isNaN(value)) throw new Error(`${String(name)} = ${String(value)}`);
    if (same(this.state[name], value)) return;
    this.state[name] = value;
    this.unsaved[name] = value;
    this.emit(`change:${String(name)}`);
  }

  save_changes(): void {
    if (this.refuses) throw new Error("no kernel");
    // A host sends nothing then, and the page would wait for an answer to nothing.
    if (!this.unsavedNames().length) console.error("a save without a change");
    this.saves.push(this.unsaved);
    this.unsaved = {};
    this.handle();
  }

  send(content: unknown): void {
    if (this.refuses) throw new Error("no kernel");
    if (this.unsavedNames().length) console.error("a message overtook the settings");
    this.sent.push(content);
    this.handle();
  }

  on(event: string, listener: Listener): void {
    const known = event.startsWith("change:") ? event.slice(7) in this.state : ["comm_live_update", "msg:custom"].includes(event);
    if (!known) throw new Error(`there is no event ${event}`);
    this.listeners.set(event, (this.listeners.get(event) ?? new Set()).add(listener));
  }

  off(event: string, listener: Listener): void {
    if (!this.listeners.get(event)?.delete(listener)) throw new Error(`nobody listens to ${event}`);
  }

  /** What the kernel writes. As in a host, what is the same again is no change. */
  kernel(changes: Partial<T>): void {
    for (const name of Object.keys(changes)) this.check(name as keyof T);
    const differing = Object.keys(changes).filter((name) => !same(changes[name as keyof T], this.state[name as keyof T]));
    Object.assign(this.state, changes);
    for (const name of differing) this.emit(`change:${name}`);
  }

  /** What the kernel sends beside the traits. */
  message(content: unknown, buffers: unknown[] = []): void {
    for (const listener of [...(this.listeners.get("msg:custom") ?? [])]) listener(content, buffers);
  }

  /** What a host does when its kernel goes or comes back. */
  live(on: boolean): void {
    this.emit("comm_live_update", { model: { comm_live: on } });
  }

  unsavedNames(): string[] {
    return Object.keys(this.unsaved);
  }

  listening(): number {
    return [...this.listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }

  private handle(): void {
    if (this.answers) queueMicrotask(() => this.kernel({ heard: this.state.heard + 1 } as Partial<T>));
  }

  private check(name: keyof T): void {
    if (!(name in this.state)) throw new Error(`there is no trait ${String(name)}`);
  }

  private emit(event: string, context?: unknown): void {
    for (const listener of [...(this.listeners.get(event) ?? [])]) listener.call(context);
  }
}
