// Where an atlas comes from, and the page's place in it: a folder and an address bar, or a kernel and a variable.

/** Gives the files of one atlas. */
export interface Source {
  /** The content of `path`, in the folder of the atlas; read `anew` where it may have changed since. Rejects with a Problem. */
  json(path: string, anew?: boolean): Promise<unknown>;
  /** An address under which an image can be shown. */
  image(path: string): Promise<string>;
  /** Whether the page may not read the pixels of its images, as browsers have it for files on a disk. */
  opaque?: boolean;
  /** Calls `act` whenever atlas.json may be another one. */
  follow?(act: () => void): void;
  /** The atlas at another address, to compare with; without it there is no other. */
  other?(address: string): Source;
}

/** Where in the atlas the page is: a small router. */
export interface Place {
  /** The address without its `#`. */
  get(): string;
  go(address: string): void;
  /** Goes there by a key that may be held down: of a fast row of addresses not each is one to come back to. */
  step?(address: string): void;
  /** Calls `act` whenever the address is another one. */
  follow(act: () => void): void;
  /** For links: what the address looks like from outside; without it links have none. */
  link?(address: string): string;
  /** One address back; without it the browser's own button does that. */
  back?(): void;
  /** The address of the atlas that is compared with; "" for none. */
  with?: string;
  /** Compares with another atlas, or with none for "". */
  compare?(address: string): void;
  /** Says what the page shows at present. */
  title?(words: string): void;
}

/** What could not be read, in words for who reads the page. */
export class Problem extends Error {
  /** `isMissing` says that there is no such file, as far as can be known. */
  constructor(words: string, readonly isMissing = false) {
    super(words);
  }
}

/** What went wrong, in words. */
export function words(error: unknown): string {
  return error instanceof Problem ? error.message : `This cannot be shown: ${error instanceof Error ? error.message : String(error)}`;
}
