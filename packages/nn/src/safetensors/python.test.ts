import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostTensor } from "@dl/core";
import { afterAll, describe, expect, test } from "vitest";
import { saveSafetensors } from "./files.ts";

// Runs where python has safetensors and torch: DL_PYTHON, or python3.
const python = [process.env.DL_PYTHON, "python3"].find((candidate) => {
  if (candidate === undefined) return false;
  try {
    const modules = 'import importlib.util as u; assert u.find_spec("safetensors") and u.find_spec("torch")';
    execFileSync(candidate, ["-c", modules], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
});

describe.skipIf(python === undefined)("the reference library in Python", () => {
  const folder = mkdtempSync(join(tmpdir(), "dl-nn-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("reads what we write, as F32, BF16 and F16", async () => {
    const tensors = new Map([
      ["layer.weight", hostTensor(Float32Array.of(0.1, Infinity, NaN, -2), [2, 2])],
      ['ünï "code"', hostTensor(Int32Array.of(7), [])],
      ["mask", hostTensor(Uint8Array.of(1, 0), [2])],
      ["double", hostTensor(Float64Array.of(0.1), [1])],
      ["empty", hostTensor(new Float32Array(0), [0, 3])],
    ]);
    const forms = [
      ["F32", "torch.float32", "0.10000000149011612"],
      ["BF16", "torch.bfloat16", "0.10009765625"],
      ["F16", "torch.float16", "0.0999755859375"],
    ] as const;
    const paths = forms.map(([floats]) => join(folder, `${floats}.safetensors`));
    for (const [i, [floats]] of forms.entries())
      await saveSafetensors(paths[i]!, tensors, { floats, metadata: { format: "pt", note: "größe\n" } });

    const script = new URL("../../../../tooling/fixtures/read_safetensors.py", import.meta.url).pathname;
    const read: unknown = JSON.parse(execFileSync(python!, [script, ...paths], { encoding: "utf8" }));
    expect(read).toEqual(
      forms.map(([, dtype, tenth]) => ({
        metadata: { format: "pt", note: "größe\n" },
        tensors: {
          "layer.weight": { dtype, shape: [2, 2], values: [tenth, "inf", "nan", "-2.0"] },
          'ünï "code"': { dtype: "torch.int32", shape: [], values: ["7"] },
          mask: { dtype: "torch.bool", shape: [2], values: ["True", "False"] },
          double: { dtype: "torch.float64", shape: [1], values: ["0.1"] },
          empty: { dtype, shape: [0, 3], values: [] },
        },
      })),
    );
  }, 60_000);
});
