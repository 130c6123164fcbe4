/**
 * Grad-CAM's pointing game on synthetic shapes, seed by seed: `node --conditions=@dl/source --import tsx packages/explain/learning/pointing-shapes.ts --out FOLDER`.
 * Writes `pointing-shapes.json`, which `record.ts` makes a section of.
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { wasm } from "@dl/backend-wasm";
import { openDevice } from "@dl/core";
import { writeFileAtomically } from "@dl/nn/node";
import { measureShapes, type ShapesSeed } from "./shapes-seed.ts";

export interface ShapesResult {
  readonly seeds: readonly ShapesSeed[];
  readonly steps: number;
  readonly device: string;
  readonly node: string;
}

const { values } = parseArgs({ options: { out: { type: "string" }, seeds: { type: "string", default: "5" } } });
if (values.out === undefined) {
  console.error("usage: pointing-shapes.ts --out FOLDER [--seeds 5]");
  process.exit(2);
}
await using device = await openDevice(wasm({ threads: 1 }));
const seeds: ShapesSeed[] = [];
for (let seed = 1; seed <= Number(values.seeds); seed++) {
  seeds.push(await measureShapes(device, { seed }));
  console.log(JSON.stringify(seeds.at(-1)));
}
const result: ShapesResult = { seeds, steps: 600, device: device.name, node: process.version };
await writeFileAtomically(join(values.out, "pointing-shapes.json"), [new TextEncoder().encode(`${JSON.stringify(result, null, 1)}\n`)]);
