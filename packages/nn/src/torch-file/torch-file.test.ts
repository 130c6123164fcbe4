import { readFileSync } from "node:fs";
import { CheckpointError } from "@dl/core";
import fc from "fast-check";
import { unzipSync, zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { readTorchFile } from "./torch-file.ts";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../../fixtures/files/${name}`, import.meta.url)));
const json = (name: string): Record<string, { shape: number[]; data: number[] }> => JSON.parse(new TextDecoder().decode(fixture(name)));

/** The same archive with another pickle. */
function withPickle(pickle: number[] | Uint8Array): Uint8Array {
  const members = unzipSync(fixture("state_dict.pt"));
  return zipSync({ ...members, "state_dict/data.pkl": Uint8Array.from(pickle) }, { level: 0 });
}

describe("readTorchFile", () => {
  const expected = json("checkpoint.json");

  test("a state dict: shared storage, a transposed tensor, half precision, a scalar of 64 bits", () => {
    const tensors = readTorchFile(fixture("state_dict.pt"));
    for (const [name, { shape, data }] of Object.entries(json("state_dict.json"))) {
      expect([name, tensors.get(name)!.shape]).toEqual([name, shape]);
      expect(Array.from(tensors.get(name)!.data)).toEqual(Array.from(data, (value) => (name === "n" ? value : Math.fround(value))));
    }
    expect([...tensors.keys()]).toEqual(["w", "b", "h", "n", "t"]);
  });

  test.each(Object.keys(expected))("a checkpoint of a training script, of today's form and of that before PyTorch 1.6: %s", (name) => {
    for (const file of ["checkpoint.pt", "checkpoint-row.pt"]) {
      const tensor = readTorchFile(fixture(file)).get(name)!;
      expect(tensor.shape).toEqual(expected[name]!.shape);
      expect(Array.from(tensor.data, Number)).toEqual(expected[name]!.data);
    }
  });

  test("of the form before PyTorch 1.6 too, what is cut off or of another machine is told", () => {
    const whole = fixture("checkpoint-row.pt");
    const names = [...readTorchFile(fixture("checkpoint.pt")).keys()];
    expect([...readTorchFile(whole).keys()]).toEqual(names);
    // A Buffer of Node at an odd place, whose numbers are not aligned.
    const shifted = Buffer.concat([Buffer.of(0), whole]).subarray(1);
    expect(readTorchFile(shifted)).toEqual(readTorchFile(whole));
    expect(() => readTorchFile(whole.subarray(0, whole.length - 1), { file: "x.pth" })).toThrow(
      /expected x.pth to be what torch.save writes, got an end (before|within) storage \d+\. Load it in Python/,
    );
    expect(() => readTorchFile(whole.subarray(0, 40), { file: "x.pth" })).toThrow("expected x.pth to be whole, got an end too early");
    // NEWTRUE after "little_endian" becomes NEWFALSE.
    const other = whole.slice();
    const at = Buffer.from(other).indexOf("little_endian") + "little_endian".length;
    other[other.indexOf(0x88, at)] = 0x89;
    expect(() => readTorchFile(other)).toThrow("got one of a big-endian machine");
  });

  test("a part of it by its key; a key that is not there lists those that are", () => {
    const tensors = readTorchFile(fixture("checkpoint.pt"), { within: "state_dict" });
    expect([...tensors.keys()].slice(0, 2)).toEqual(["conv.weight", "conv.bias"]);
    expect(() => readTorchFile(fixture("checkpoint.pt"), { within: "model", file: "a.pt" })).toThrow(
      /"model" in a.pt, got: epoch, best, big, state_dict/,
    );
  });

  test("what a pickle would call is never called: os.system stays a name", () => {
    // {"w": os.system("exit")}: PROTO 2, EMPTY_DICT, "w", GLOBAL, "exit", TUPLE1, REDUCE, SETITEM, STOP.
    const text = (value: string): number[] => [0x58, value.length, 0, 0, 0, ...new TextEncoder().encode(value)];
    const global = [0x63, ...new TextEncoder().encode("os\nsystem\n")];
    expect(() => readTorchFile(withPickle([0x80, 2, 0x7d, ...text("w"), ...global, ...text("exit"), 0x85, 0x52, 0x73, 0x2e]))).toThrow(
      /tensors by name in torch file, got none/,
    );
  });

  test("a tensor beyond its storage, or expanded, is refused", () => {
    const pickle = unzipSync(fixture("state_dict.pt"))["state_dict/data.pkl"]!.slice();
    // The sizes (3, 4) of the first tensor stand at 113 and 115: BININT1 and the value.
    pickle[114] = 200;
    expect(() => readTorchFile(withPickle(pickle))).toThrow(/tensor "w": expected \[200, 4\] .* to lie within 12 elements/);
  });

  test("parameters wrapped in parameters without end are refused, not followed", () => {
    const global = [0x63, ...new TextEncoder().encode("torch._utils\n_rebuild_parameter\n")];
    const depth = 20_000;
    // {"w": rebuild(rebuild(… (None) …))}: the callee once for each, then TUPLE1 and REDUCE for each.
    const calls = Array.from({ length: depth }, () => global).flat();
    const ends = Array.from({ length: depth }, () => [0x85, 0x52]).flat();
    const pickle = [0x80, 2, 0x7d, 0x58, 1, 0, 0, 0, 0x77, ...calls, 0x4e, ...ends, 0x73, 0x2e];
    expect(() => readTorchFile(withPickle(pickle))).toThrow(CheckpointError);
  });

  test("other files say what they are not", () => {
    expect(() => readTorchFile(Uint8Array.of(1, 2, 3), { file: "x.pt" })).toThrow(/expected x.pt to be what torch.save writes/);
    expect(() => readTorchFile(zipSync({ "a/readme": Uint8Array.of(1) }, { level: 0 }))).toThrow(/an archive without data.pkl/);
    expect(() => readTorchFile(withPickle([0x80, 2, 0x7d, 0x2e]))).toThrow(/got none/);
    expect(() => readTorchFile(withPickle([0x80, 2, 0xff]))).toThrow(/operation 0xff at byte 3/);
  });

  test("a flipped bit in a weight is seen, unless the file was saved without checksums", () => {
    const whole = fixture("state_dict.pt");
    const weights = unzipSync(whole)["state_dict/data/0"]!;
    const at = Buffer.from(whole).indexOf(weights);
    const bent = whole.slice();
    bent[at + 3]! ^= 0x80;
    expect(() => readTorchFile(bent, { file: "x.pt" })).toThrow(/x.pt .*data\/0 with another checksum than it was saved with/);
    // As torch.serialization.set_crc32_options(False) has them written: 0.
    for (let i = 0; i + 4 <= bent.length; i++) if (Buffer.from(bent).readUInt32LE(i) === 0x02014b50) bent.fill(0, i + 16, i + 20);
    const [weight, changed] = [whole, bent].map((bytes) => Array.from(readTorchFile(bytes).get("w")!.data));
    expect(weight!.flatMap((value, i) => (changed![i] === value ? [] : [[i, value, changed![i]]]))).toHaveLength(1);
  });

  test("no flipped byte of the older form's pickles and no cut ends in anything but tensors or a CheckpointError", () => {
    const whole = fixture("checkpoint-row.pt");
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, mask, cut) => {
        const bytes = cut ? whole.slice(0, at) : whole.slice();
        if (!cut) bytes[at]! ^= mask;
        try {
          // It has no checksums: a flipped weight is another weight.
          expect(readTorchFile(bytes).size).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(CheckpointError);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("no flipped byte and no cut ends in anything but the same tensors or a CheckpointError", () => {
    const whole = fixture("checkpoint.pt");
    const intact = readTorchFile(whole);
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, mask, cut) => {
        const bytes = cut ? whole.slice(0, at) : whole.slice();
        if (!cut) bytes[at]! ^= mask;
        try {
          expect(readTorchFile(bytes)).toEqual(intact);
        } catch (error) {
          expect(error).toBeInstanceOf(CheckpointError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
