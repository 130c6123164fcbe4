/** Sorting rows: places, compared by value and then by place, so that every order is total and the sort stable. */

import type { Kernels } from "@dl/core";
import type { DeviceBuffer } from "../memory.ts";
import { bind, type GpuOperand, wordType } from "../operands.ts";
import type { Runner } from "../runner.ts";
import { mathematics } from "../wgsl-mathematics.ts";

type Sorting = Pick<Kernels<DeviceBuffer>, "argsort" | "topK">;

interface Order {
  readonly descending: boolean;
  /** Where NaN goes. */
  readonly nan: "first" | "last";
}

/** Rows up to this length are sorted by counting, for each element, those before it. */
const shortRow = 256;

/** WGSL: does element a of the row come before element b? Places past the end come last. */
function before({ descending, nan }: Order, floats: boolean): string {
  const sooner = `(x ${descending ? ">" : "<"} y)`;
  const nans = floats
    ? `let xNan = isNan(x); let yNan = isNan(y); if (xNan != yNan) { return ${nan === "first" ? "xNan" : "yNan"}; } if (xNan) { return a < b; }`
    : "";
  return `
fn before(row: i32, a: i32, b: i32) -> bool {
  if (a >= p.length || b >= p.length) { return a < b; }
  let x = values[row * p.length + a];
  let y = values[row * p.length + b];
  ${nans}
  if (x != y) { return ${sooner}; }
  return a < b;
}`;
}

export function sortingKernels(runner: Runner): Sorting {
  const sorted = (
    x: GpuOperand,
    { rows, length, keep, order }: { rows: number; length: number; keep: number; order: Order },
  ): DeviceBuffer => {
    const y = runner.allocate(rows * keep, "sort");
    if (rows * keep === 0) return y;
    const variant = `${order.descending} ${order.nan}`;
    const declarations = (): string[] => [...mathematics(["isNan"]), before(order, wordType(x.dtype) === "f32")];
    if (length <= shortRow) {
      runner.run({
        name: "rank",
        variant,
        reads: [bind("values", x)],
        writes: [{ name: "result", type: "i32", buffer: y }],
        ints: { length, keep },
        threads: rows * length,
        declarations,
        body: () => `
let row = i / p.length;
let own = i % p.length;
var rank = 0;
for (var k = 0; k < p.length; k++) { if (before(row, k, own)) { rank++; } }
if (rank < p.keep) { result[row * p.keep + rank] = own; }`,
      });
      return y;
    }
    // Bitonic: Batcher 1968, "Sorting networks and their applications". Rows are padded with places past the end.
    const width = 2 ** Math.ceil(Math.log2(length));
    const places = runner.allocate(rows * width, "sort");
    runner.run({
      name: "places",
      reads: [],
      writes: [{ name: "result", type: "i32", buffer: places }],
      ints: { width },
      threads: rows * width,
      body: () => "result[i] = i % p.width;",
    });
    for (let block = 2; block <= width; block *= 2) {
      for (let step = block / 2; step >= 1; step /= 2) {
        runner.run({
          name: "bitonic",
          variant,
          reads: [bind("values", x)],
          writes: [{ name: "places", type: "i32", buffer: places }],
          ints: { length, width, block, step },
          threads: (rows * width) / 2,
          declarations,
          body: () => `
let half = p.width / 2;
let row = i / half;
let pair = i % half;
let low = (pair / p.step) * p.step * 2 + pair % p.step;
let at = row * p.width + low;
let a = places[at];
let b = places[at + p.step];
let rising = (low & p.block) == 0;
if (before(row, b, a) == rising) { places[at] = b; places[at + p.step] = a; }`,
        });
      }
    }
    runner.run({
      name: "slice",
      variant: "sorted",
      reads: [{ name: "places", type: "i32", buffer: places }],
      writes: [{ name: "result", type: "i32", buffer: y }],
      ints: { width, keep },
      threads: rows * keep,
      body: () => "result[i] = places[(i / p.keep) * p.width + i % p.keep];",
    });
    runner.memory.free(places);
    return y;
  };

  return {
    argsort: (x, rows, length, descending) => sorted(x, { rows, length, keep: length, order: { descending, nan: "last" } }),
    topK: (x, rows, length, k) => sorted(x, { rows, length, keep: k, order: { descending: true, nan: "first" } }),
  };
}
