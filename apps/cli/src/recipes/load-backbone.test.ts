import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MobileNetV2, mobilenetV2, torchState } from "@dl/cnn";
import { CheckpointError, Rng } from "@dl/core";
import { readState, writeSafetensors } from "@dl/nn";
import { afterAll, describe, expect, test } from "vitest";
import { loadBackbone } from "./load-backbone.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-backbone-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const network = (seed: number, classes: number): MobileNetV2 =>
  new MobileNetV2({ ...mobilenetV2, stages: mobilenetV2.stages.slice(0, 3), width: 0.25, classes, rng: new Rng(seed) });

describe("the MobileNetV2 of another number of classes", () => {
  test.each(["torchvision", "timm"] as const)("is taken under %s's names, but for the head", async (library) => {
    using trained = network(1, 9);
    using model = network(2, 4);
    const path = join(scratch, `${library}.safetensors`);
    const state = await torchState(trained, { library });
    expect(state.has("conv_stem.weight")).toBe(library === "timm");
    writeFileSync(path, writeSafetensors(state));
    const [wanted, before] = [await readState(trained), await readState(model)];
    await loadBackbone(model, path);
    for (const [name, tensor] of await readState(model))
      expect(tensor, name).toEqual(name.startsWith("head.") ? before.get(name) : wanted.get(name));
  });

  test("under names of neither is refused: both are named, with what each misses, and nothing is changed", async () => {
    using trained = network(1, 9);
    using model = network(2, 4);
    const path = join(scratch, "keras.safetensors");
    writeFileSync(path, writeSafetensors(new Map([...(await torchState(trained))].map(([name, tensor]) => [`Conv/${name}`, tensor]))));
    const before = await readState(model);
    const loading = loadBackbone(model, path);
    await expect(loading).rejects.toThrow(CheckpointError);
    await expect(loading).rejects.toThrow(
      /keras\.safetensors to hold a MobileNetV2 .* torchvision's names or timm's, got neither\.\ntorchvision's: .*missing: features\.0\.0\.weight.*\ntimm's: .*missing: conv_stem\.weight/,
    );
    expect(await readState(model)).toEqual(before);
  });
});
