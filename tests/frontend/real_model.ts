// The class that JupyterLab and its relatives use for every widget, as `real`: a stand-in may be wrong about it.
// Where there is no kernel it does not throw, it does nothing.
import { WidgetModel } from "../../js/node_modules/@jupyter-widgets/base/lib/widget";
import type { Model } from "../../js/src/host/model";

interface Message {
  method: string;
  state?: Record<string, unknown>;
  content?: unknown;
}
type Received = (message: { content: { data: Message } }) => Promise<void>;
interface Callbacks {
  iopub?: { status?(message: { content: { execution_state: string } }): void };
}

/** The way to a kernel. */
export class Comm {
  readonly sent: Message[] = [];
  private receive: Received | undefined;
  private handled: (() => void)[] = [];

  send(data: Message, callbacks: Callbacks | undefined): string {
    this.sent.push(data);
    this.handled.push(() => callbacks?.iopub?.status?.({ content: { execution_state: "idle" } }));
    return `message ${this.sent.length}`;
  }

  on_msg(receive: Received): void {
    this.receive = receive;
  }

  on_close(): void {
    // Nobody closes it here.
  }

  /** The kernel has handled what was sent, and writes this. */
  async answer(state: Record<string, unknown>): Promise<void> {
    for (const handled of this.handled.splice(0)) handled();
    await this.receive?.({ content: { data: { method: "update", state } } });
  }
}

/** A model of a state, with a way to a kernel or without, and what anywidget lends of it to a view. */
export function hosted<T>(state: T, comm?: Comm): { model: WidgetModel; lent: Model<T> } {
  const options = { model_id: "1", widget_manager: { callbacks: () => ({}) }, comm };
  const model = new WidgetModel(state as never, options as never);
  const view = { model };
  const lent: Model<T> = {
    get: (name) => model.get(name as string) as never,
    set: (name, value) => void model.set(name as string, value),
    save_changes: () => model.save_changes(),
    send: (content) => model.send(content as never, undefined as never),
    on: (event, act) => void model.on(event, act, view),
    off: (event, act) => void model.off(event, act, view),
  };
  return { model, lent };
}
