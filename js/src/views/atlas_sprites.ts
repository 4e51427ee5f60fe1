// Brings the sprites that a sheet wants: a few at once, those that are in sight now, and not those that were passed by.

/** Files that are read at once. */
const AT_ONCE = 4;

export interface Sprites {
  /** These are wanted now, the nearest first, and no others. */
  want(pages: readonly number[]): void;
  /** Some that were not there may be there now. */
  again(): void;
  /** Begins anew, as the sheet is of something else. */
  forget(): void;
}

/** `bring` brings one, or returns undefined where it is not there yet. */
export function spriteQueue(bring: (page: number) => Promise<unknown> | undefined): Sprites {
  let wanted: readonly number[] = [];
  let coming = new Set<number>();

  function next() {
    for (const page of wanted) {
      if (coming.size >= AT_ONCE) return;
      if (coming.has(page)) continue;
      const [own, arriving] = [coming, bring(page)];
      if (!arriving) continue;
      own.add(page);
      const over = () => {
        own.delete(page);
        if (own === coming) next();
      };
      arriving.then(over, over);
    }
  }

  return {
    want(pages) {
      wanted = pages;
      next();
    },
    again: next,
    forget() {
      [wanted, coming] = [[], new Set()];
    },
  };
}
