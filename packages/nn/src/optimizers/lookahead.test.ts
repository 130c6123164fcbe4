import { cpu } from "@dl/backend-cpu";
import { add, type Device, hostTensor, OptionError, openDevice, type Tensor } from "@dl/core";
import { describe, expect, test } from "vitest";
import { Module } from "../module.ts";
import { Buffer, Parameter } from "../parameter.ts";
import { Lookahead } from "./lookahead.ts";

class Point extends Module {
  readonly weight = new Parameter(hostTensor(Float32Array.of(0), [1]));
  readonly mean = new Buffer(hostTensor(Float32Array.of(10), [1]));

  forward(x: Tensor): Tensor {
    return x;
  }
}

/** Every value goes one forward in a step, and the lookahead looks at it. */
async function walk(device: Device, { model, lookahead, steps }: { model: Point; lookahead: Lookahead; steps: number }): Promise<void> {
  for (let step = 0; step < steps; step++) {
    await device.compute(() => {
      for (const cell of model.state().values()) cell.set(add(cell.value, 1));
      lookahead.update();
    });
  }
}

const valuesOf = async (model: Point): Promise<number[]> => [(await model.weight.read()).data[0]!, (await model.mean.read()).data[0]!];

describe("Lookahead", () => {
  test("by hand: weights go half the way back at every second step", async () => {
    await using device = await openDevice(cpu());
    using model = new Point();
    using lookahead = new Lookahead(model, { every: 2, keep: 0.5 });
    const step = () => walk(device, { model, lookahead, steps: 1 });
    await step(); // fast 1, slow 1
    expect(await valuesOf(model)).toEqual([1, 11]);
    await step(); // fast 2, slow (1 + 2) / 2
    expect(await valuesOf(model)).toEqual([1.5, 11.5]);
    await step(); // fast 2.5
    await device.compute(() => lookahead.swap());
    expect(await valuesOf(model)).toEqual([1.5, 11.5]);
    expect(() => lookahead.update()).toThrow(/Call swap\(\) first/);
    await device.compute(() => lookahead.swap());
    expect(await valuesOf(model)).toEqual([2.5, 12.5]);
    await step(); // fast 3.5, slow (1.5 + 3.5) / 2
    expect(await valuesOf(model)).toEqual([2.5, 12.5]);
  });

  test("a schedule of the step count decides how much stays", async () => {
    await using device = await openDevice(cpu());
    const steps: number[] = [];
    using model = new Point();
    using lookahead = new Lookahead(model, { every: 3, keep: (step) => steps.push(step) && 0 });
    await walk(device, { model, lookahead, steps: 7 });
    expect(steps).toEqual([3, 6]);
    // Nothing of the slow weights stays: the walk is as it was.
    expect(await valuesOf(model)).toEqual([7, 17]);
  });

  test("goes on with the same bits where it was saved", async () => {
    await using device = await openDevice(cpu());
    using model = new Point();
    using lookahead = new Lookahead(model, { every: 2, keep: 0.3 });
    await walk(device, { model, lookahead, steps: 3 });
    const saved = await lookahead.read(model);
    using other = new Point();
    for (const [path, cell] of other.state()) cell.load(await model.state().get(path)!.read());
    using resumed = new Lookahead(other, { every: 2, keep: 0.3 });
    resumed.load(other, saved);
    await walk(device, { model, lookahead, steps: 4 });
    await walk(device, { model: other, lookahead: resumed, steps: 4 });
    expect(await valuesOf(other)).toEqual(await valuesOf(model));
  });

  test("bad options and another model are refused", async () => {
    using model = new Point();
    using other = new Point();
    expect(() => new Lookahead(model, { every: 0 })).toThrow(OptionError);
    expect(() => new Lookahead(model, { keep: 1 })).toThrow(/not including, 1, got 1/);
    using lookahead = new Lookahead(model);
    await expect(lookahead.read(other)).rejects.toThrow(/the model it follows, got another/);
    expect(() => lookahead.swap()).toThrow(/at least one update/);
  });
});
