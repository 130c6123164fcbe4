/**
 * Trains every distinct cell of the tabular benchmark with every seed, and writes the table. Stopped, it goes on where it was.
 * Run: node --conditions=@dl/source --import tsx packages/nas/learning/table/make-table.ts <journal.jsonl> [part of parts, such as 1/2]
 * Parts may share a journal; when all are done, a run without a part writes the table.
 */

import { appendFile, readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { wasm } from "@dl/backend-wasm";
import { openDevice } from "@dl/core";
import { distinctCells, loadDigits, milestones, operations, trainCell } from "./digit-cells.ts";

const seeds = [1, 2, 3] as const;
interface Row {
  readonly key: string;
  readonly seed: number;
  readonly validation: readonly number[];
  readonly test: number;
  readonly parameters: number;
}

const [journal = "table.jsonl", part = "1/1"] = process.argv.slice(2);
const [mine, parts] = part.split("/").map(Number) as [number, number];
const text = await readFile(journal, "utf8").catch(() => "");
const rows = text
  .split("\n")
  .slice(0, -1)
  .map((line) => JSON.parse(line) as Row);
const done = new Set(rows.map(({ key, seed }) => `${key} ${seed}`));
const cells = distinctCells();
const work = cells.flatMap((cell) => seeds.map((seed) => ({ cell, seed }))).filter((_, i) => i % parts === mine - 1);
const digits = await loadDigits();
await using device = await openDevice(wasm({ threads: 1 }));
const start = performance.now();
let count = 0;
for (const { cell, seed } of work) {
  if (done.has(`${cell.key} ${seed}`)) continue;
  const row: Row = { key: cell.key, seed, ...(await trainCell(device, cell.value, { digits, seed })) };
  rows.push(row);
  done.add(`${cell.key} ${seed}`);
  await appendFile(journal, `${JSON.stringify(row)}\n`);
  count++;
  if (count % 20 === 0) console.error(`${rows.length} of ${work.length}, ${((performance.now() - start) / count).toFixed(0)} ms each`);
}
if (cells.every(({ key }) => seeds.every((seed) => done.has(`${key} ${seed}`)))) {
  const table = cells.map(({ key }) => {
    const found = seeds.map((seed) => rows.find((row) => row.key === key && row.seed === seed)!);
    return {
      key,
      parameters: found[0]!.parameters,
      validation: found.map(({ validation }) => validation),
      test: found.map(({ test }) => test),
    };
  });
  const document = {
    format: "dl-nas-table-1",
    operations,
    epochs: milestones,
    seeds,
    device: device.name,
    node: process.version,
    cells: table,
  };
  await writeFile(new URL("./digit-cells.json.gz", import.meta.url), gzipSync(JSON.stringify(document), { level: 9 }));
  console.error(`${table.length} cells written`);
}
