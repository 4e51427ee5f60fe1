// Reads an atlas by asking the kernel for its files.
import type { Host } from "../host/shell";
import type { Traits } from "../host/atlas_traits";
import { Problem, type Source } from "./atlas_source";

/** Addresses of images that are kept. An image that is shown stays when its address is given up. */
const KEPT = 200;

interface Question {
  answer: Promise<Uint8Array<ArrayBuffer>>;
  resolve(bytes: Uint8Array<ArrayBuffer>): void;
  reject(problem: Problem): void;
}

export interface KernelSource extends Source {
  /** What the kernel sends. */
  received(content: Record<string, unknown>, buffers: readonly DataView[]): void;
  /** More is finished. */
  changed(): void;
}

/** Milliseconds between two looks at what is finished. */
const PAUSE = 1000;

export function kernelSource({ send, signal }: Host<Traits, never>): KernelSource {
  const questions = new Map<string, Question>();
  const addresses = new Map<string, string>();
  const acts: (() => void)[] = [];
  let timer: number | undefined;

  function ask(path: string): Promise<Uint8Array<ArrayBuffer>> {
    const asked = questions.get(path);
    if (asked) return asked.answer;
    const { promise, resolve, reject } = withResolvers<Uint8Array<ArrayBuffer>>();
    questions.set(path, { answer: promise, resolve, reject });
    send("file", { path });
    return promise;
  }

  function keep(path: string, bytes: Uint8Array<ArrayBuffer>): string {
    const address = addresses.get(path) ?? URL.createObjectURL(new Blob([bytes], { type: path.endsWith(".jpg") ? "image/jpeg" : "image/webp" }));
    addresses.set(path, address);
    for (const [old, given] of [...addresses].slice(0, -KEPT)) {
      URL.revokeObjectURL(given);
      addresses.delete(old);
    }
    return address;
  }

  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    for (const address of addresses.values()) URL.revokeObjectURL(address);
    addresses.clear();
  });

  return {
    async json(path) {
      const bytes = await ask(path);
      try {
        return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
      } catch {
        throw new Problem(`${path} is damaged: it cannot be read. Make the atlas again; what is whole is kept.`);
      }
    },
    async image(path) {
      const known = addresses.get(path);
      if (known === undefined) return keep(path, await ask(path));
      addresses.delete(path); // the last to be given up
      addresses.set(path, known);
      return known;
    },
    follow: (act) => void acts.push(act),
    received(content, buffers) {
      const { type, path, missing } = content;
      if (type !== "file" || typeof path !== "string") return;
      const question = questions.get(path);
      questions.delete(path);
      const data = buffers[0];
      if (missing || !data) question?.reject(new Problem(`${path} is missing.`, true));
      else question?.resolve(new Uint8Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer));
    },
    changed() {
      timer ??= window.setTimeout(() => {
        timer = undefined;
        for (const act of acts) act();
      }, PAUSE);
    },
  };
}

function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((good, bad) => ([resolve, reject] = [good, bad]));
  return { promise, resolve, reject };
}
