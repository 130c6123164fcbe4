import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wasm } from "@dl/backend-wasm";
import { DataError, DlError, openDevice, Rng } from "@dl/core";
import { randomSearch, search } from "@dl/nas";
import { journalFile } from "@dl/nas/node";
import { expect, test, vi } from "vitest";
import { Pacer } from "../../engine/pacer.ts";
import type { RunFiles } from "../../engine/protocol.ts";
import type { EvolveEvent, EvolvePayload, EvolveSettings, TrialEvent } from "./contract.ts";
import { openEvolve } from "./job.ts";
import { networkSpace } from "./space.ts";

/** Twelve by twelve grey pictures: only that they are told apart by nothing matters. */
function pictures(count: number) {
  const images = new Uint8Array(count * 144).map((_, at) => (at * 37) % 251);
  return { images, labels: Uint8Array.from({ length: count }, (_, i) => i % 10) };
}

const payload: EvolvePayload = {
  ...{ title: "pictures", shape: [12, 12, 1], statistics: { mean: [0.5], standardDeviation: [0.3] } },
  ...{ train: pictures(64), test: pictures(20) },
};

async function run(trials: number, files?: RunFiles) {
  await using device = await openDevice(wasm({ threads: 1 }));
  const settings: EvolveSettings = { set: "mnist", strategy: "random", trials, population: 2, count: 64, epochs: 1, seed: 5 };
  const events: EvolveEvent[] = [];
  const emit = (event: EvolveEvent): void => void events.push(event);
  await using job = await openEvolve({
    ...{ device, pacer: new Pacer(), settings, payload, files, signal: new AbortController().signal, emit },
  });
  const reason = await job.run();
  return { reason, files: (await job.files())!, told: events.filter((event): event is TrialEvent => event.kind === "trial") };
}

test("a search goes on from its journal without trying anything twice, and a program of Node's goes on from it too", async () => {
  const first = await run(1);
  const second = await run(2, first.files);
  expect(second.told.map(({ number }) => number)).toEqual([0, 1]);
  expect(second.told[0]).toEqual(first.told[0]);
  const folder = await mkdtemp(join(tmpdir(), "dl-evolve-"));
  try {
    const path = join(folder, "journal.jsonl");
    await writeFile(path, second.files["journal.jsonl"]!);
    await using journal = journalFile(path);
    const { trials } = await search(networkSpace, {
      ...{ strategy: randomSearch(networkSpace, { rng: new Rng(5).fork("strategy") }), journal, seed: 5, limits: { trials: 2 } },
      objectives: { accuracy: "maximize" },
      evaluate: () => Promise.reject(new Error("both were tried before")),
    });
    expect(trials.map(({ measurements }) => measurements?.accuracy)).toEqual(second.told.map(({ accuracy }) => accuracy));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a device that is lost ends the search, which goes on from its journal as if it had not been", async () => {
  const whole = await run(2);
  await using device = await openDevice(wasm({ threads: 1 }));
  const settings: EvolveSettings = { set: "mnist", strategy: "random", trials: 2, population: 2, count: 64, epochs: 1, seed: 5 };
  const emit = (event: EvolveEvent): void => {
    if (event.kind !== "trial") return;
    vi.spyOn(device, "compute").mockRejectedValue(new DlError("webgpu: the device was lost (unknown)"));
  };
  await using job = await openEvolve({
    ...{ device, pacer: new Pacer(), settings, payload, files: undefined, signal: new AbortController().signal, emit },
  });
  await expect(job.run()).rejects.toThrow("the device was lost");
  const { told } = await run(2, await job.files());
  expect(told.map(({ accuracy }) => accuracy)).toEqual(whole.told.map(({ accuracy }) => accuracy));
});

test("a journal that is damaged is refused by line, and one without its head by name", async () => {
  const { files } = await run(1);
  const lines = new TextDecoder().decode(files["journal.jsonl"]).split("\n");
  const withJournal = (text: string): RunFiles => ({ ...files, "journal.jsonl": new TextEncoder().encode(text) });
  for (const [journal, message] of [
    [`${lines[0]}\nnull\n`, "journal.jsonl:2: expected a finished trial, got null."],
    [`${lines[0]}\n{"number":\n`, "journal.jsonl:2: expected a line of JSON"],
    [`${lines[1]}\n`, "journal.jsonl: expected a journal of format dl-search-1, got another file."],
    ["null\n", "journal.jsonl: expected a journal of format dl-search-1, got another file."],
  ] as const) {
    const refused = run(2, withJournal(journal));
    await expect(refused).rejects.toThrow(DataError);
    await expect(refused).rejects.toThrow(message);
  }
});
