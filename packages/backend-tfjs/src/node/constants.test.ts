/** Constants are kept while they are used, and not without end. */

import { expect, test } from "vitest";
import type { Addon } from "./addon.ts";
import { Constants } from "./constants.ts";

/** Constants over an addon that only counts. */
function counted(): { constants: Constants; live: Set<number>; make: () => number } {
  const live = new Set<number>();
  let next = 0;
  const make = (): number => {
    live.add(next);
    return next++;
  };
  const addon = { createTensor: make, deleteTensor: (id: number) => live.delete(id) } as Partial<Addon> as Addon;
  return { constants: new Constants(addon), live, make };
}

test("large constants of many lengths are let go of; those used of late stay", () => {
  const { constants, live, make } = counted();
  const small = constants.float(2);
  for (let length = 0; length < 100; length++) {
    const mask = constants.made(`mask ${length}`, make, { bytes: 16 * 2 ** 20 });
    expect(live.has(mask)).toBe(true);
    expect(constants.float(2)).toBe(small);
    expect(constants.made(`mask ${length}`, make, { bytes: 16 * 2 ** 20 })).toBe(mask);
  }
  // Two generations of 64 MiB, and the small one.
  expect(live.size).toBeLessThanOrEqual(9);
  constants.clear();
  expect(live.size).toBe(0);
});

test("a constant larger than a generation is kept while it is used again and again", () => {
  const { constants, live, make } = counted();
  const first = constants.made("one", make, { bytes: 2 ** 30 });
  const other = constants.made("other", make, { bytes: 2 ** 30 });
  for (let step = 0; step < 10; step++) {
    expect(constants.made("one", make, { bytes: 2 ** 30 })).toBe(first);
    expect(constants.made("other", make, { bytes: 2 ** 30 })).toBe(other);
  }
  expect(live.size).toBe(2);
});
