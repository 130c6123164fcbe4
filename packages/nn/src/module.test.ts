import { Cell, hostTensor, Rng, relu, type Shape, ShapeError, Tensor, tensor, valueAndGrad } from "@dl/core";
import { describe, expect, test } from "vitest";
import { observe } from "./forward.ts";
import { BatchNorm } from "./layers/batch-norm.ts";
import { Dropout } from "./layers/dropout.ts";
import { Linear } from "./layers/linear.ts";
import { Sequential } from "./layers/sequential.ts";
import { inference, type Mode, training } from "./mode.ts";
import { Module } from "./module.ts";
import { Buffer, Parameter } from "./parameter.ts";
import { onDevice, precisions } from "./reference-fixture.ts";

const rng = new Rng(5);
const oracle = precisions[0]!;

class Block extends Module {
  readonly norm: BatchNorm;
  readonly project: Linear;
  constructor({ size }: { size: number }) {
    super();
    this.norm = new BatchNorm({ channels: size });
    this.project = new Linear({ inputs: size, outputs: size, rng });
  }
  forward(x: Tensor, mode: Mode): Tensor {
    return this.project.forward(this.norm.forward(x, mode));
  }
}

class Net extends Module {
  readonly size = 3; // plain values are not part of the state
  readonly blocks: readonly Block[];
  readonly heads: { readonly left: Linear; readonly right: Linear };
  readonly scale = new Parameter(hostTensor(Float32Array.of(1), []));
  constructor() {
    super();
    this.blocks = [new Block({ size: 3 }), new Block({ size: 3 })];
    this.heads = { left: new Linear({ inputs: 3, outputs: 2, bias: false, rng }), right: new Linear({ inputs: 3, outputs: 1, rng }) };
  }
  forward(x: Tensor, mode: Mode): Tensor {
    const y = this.blocks.reduce((z, block) => block.forward(z, mode), x);
    return this.heads.left.forward(y).mul(this.scale.value);
  }
}

describe("the tree", () => {
  test("two parameters of one path are refused: the second would be neither trained nor saved", () => {
    class Keyed extends Module {
      readonly parts: ReadonlyMap<unknown, Parameter>;
      constructor(keys: readonly unknown[]) {
        super();
        this.parts = new Map(keys.map((key) => [key, new Parameter(hostTensor(Float32Array.of(1), [1]))]));
      }
      forward(): void {}
    }
    expect([...new Keyed([1, "2"]).state().keys()]).toEqual(["parts.1", "parts.2"]);
    expect(() => new Keyed([1, "1"]).parameters()).toThrow("Keyed: expected a path for each parameter, got parts.1 for two.");
  });

  test("names are paths of fields, through arrays and objects, in the order they are declared", () => {
    using net = new Net();
    expect([...net.state().keys()]).toEqual([
      ...[0, 1].flatMap((i) => [
        `blocks.${i}.norm.weight`,
        `blocks.${i}.norm.bias`,
        `blocks.${i}.norm.runningMean`,
        `blocks.${i}.norm.runningVariance`,
        `blocks.${i}.project.weight`,
        `blocks.${i}.project.bias`,
      ]),
      "heads.left.weight",
      "heads.right.weight",
      "heads.right.bias",
      "scale",
    ]);
    expect([...net.children.keys()]).toEqual(["blocks.0", "blocks.1", "heads.left", "heads.right"]);
    expect([...net.modules.keys()].slice(0, 4)).toEqual(["", "blocks.0", "blocks.0.norm", "blocks.0.project"]);
  });

  test("parameters are trained, buffers are not, and both are counted once", () => {
    using net = new Net();
    expect(net.parameters().every((parameter) => parameter instanceof Parameter)).toBe(true);
    expect([...net.buffers.keys()].every((path) => path.includes("running"))).toBe(true);
    expect(net.parameters().length + net.buffers.size).toBe(net.state().size);
    expect(net.parameterCount).toBe(1 + 2 * (3 + 3 + 9 + 3) + 6 + 4);
  });

  test("a shared parameter is there once, under its first path", () => {
    class Tied extends Module {
      readonly embed = new Linear({ inputs: 2, outputs: 2, bias: false, rng });
      readonly again: Module = this.embed;
      readonly weight = this.embed.weight;
      forward(): void {}
    }
    using tied = new Tied();
    expect([...tied.state().keys()]).toEqual(["embed.weight"]);
    expect(tied.parameters().length).toBe(1);
  });

  test("a module that refers back to its parent does not send the walk in circles", () => {
    class Child extends Module {
      parent: Module | undefined;
      readonly bias = new Buffer(hostTensor(Float32Array.of(1), [1]));
      forward(): void {}
    }
    class Parent extends Module {
      readonly child = new Child();
      constructor() {
        super();
        this.child.parent = this;
      }
      forward(): void {}
    }
    using parent = new Parent();
    expect([...parent.state().keys()]).toEqual(["child.bias"]);
  });

  test("disposing of the model frees its state, and a later use says so", async () => {
    await onDevice(oracle.backend(), async (device) => {
      const net = new Net();
      const x = hostTensor(new Float32Array(12).fill(1), [4, 3]);
      await device.compute(() => net.forward(tensor(x), inference));
      net[Symbol.dispose]();
      await expect(device.compute(() => net.forward(tensor(x), inference))).rejects.toThrow(/used after its owner was disposed/);
    });
  });
});

describe("errors know where they happened", () => {
  const wrong = (): Tensor => tensor([[1, 2, 3, 4, 5]]);

  test("the path from the outermost module, in the message, in `path` and in the stack", async () => {
    await onDevice(oracle.backend(), async (device) => {
      using net = new Net();
      const error: unknown = await device
        .compute(() => void net.heads.left.forward(net.blocks[1]!.project.forward(wrong())))
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ShapeError);
      expect((error as ShapeError).path).toBe("Linear");

      const deep: unknown = await device
        .compute(() => {
          class Outer extends Module {
            readonly net = net;
            forward(x: Tensor): Tensor {
              return this.net.blocks[1]!.forward(x, inference);
            }
          }
          return new Outer().forward(wrong());
        })
        .catch((reason: unknown) => reason);
      expect((deep as ShapeError).path).toBe("Outer.net.blocks.1.norm");
      expect((deep as ShapeError).message).toMatch(/ In Outer\.net\.blocks\.1\.norm\.$/);
      expect((deep as ShapeError).stack).toContain("In Outer.net.blocks.1.norm.");
      expect((deep as ShapeError).message.match(/ In /g)?.length).toBe(1);
    });
  });

  test("other errors pass untouched, and later ones are placed rightly again", async () => {
    class Thrower extends Module {
      forward(): never {
        throw new RangeError("mine");
      }
    }
    expect(() => new Thrower().forward()).toThrow(new RangeError("mine"));
    await onDevice(oracle.backend(), async (device) => {
      using layer = new Linear({ inputs: 2, outputs: 2, rng });
      await expect(device.compute(() => layer.forward(wrong()))).rejects.toThrow(/ In Linear\.$/);
    });
  });
});

describe("observing", () => {
  test("sees every module below the model with its path, inputs and output; and nothing afterwards", async () => {
    await onDevice(oracle.backend(), async (device) => {
      using net = new Net();
      const seen: [string, Shape][] = [];
      const run = () => net.forward(tensor(new Rng(1).normal([4, 3])), inference);
      await device.compute(() =>
        observe(
          net,
          (path, module, { inputs, output }) => {
            expect(net.modules.get(path)).toBe(module);
            expect(inputs[0]).toBeInstanceOf(Tensor);
            if (output instanceof Tensor) seen.push([path, output.shape]);
          },
          run,
        ),
      );
      const blocks = [0, 1].flatMap((i) => [`blocks.${i}.norm`, `blocks.${i}.project`, `blocks.${i}`].map((path) => [path, [4, 3]]));
      expect(seen).toEqual([...blocks, ["heads.left", [4, 2]], ["", [4, 2]]]);
      await device.compute(run);
      expect(seen.length).toBe(blocks.length + 2);
    });
  });

  test("an observer that throws ends the work and is gone", async () => {
    await onDevice(oracle.backend(), async (device) => {
      using layer = new Linear({ inputs: 1, outputs: 1, rng });
      const stop = (): never => {
        throw new Error("enough");
      };
      await expect(device.compute(() => observe(layer, stop, () => layer.forward(tensor([[1]]))))).rejects.toThrow("enough");
      await device.compute(() => layer.forward(tensor([[1]])));
    });
  });
});

describe("training a model", () => {
  test("gradients come by parameter; Sequential mixes modules and functions", async () => {
    await onDevice(oracle.backend(), async (device) => {
      using model = new Sequential([new Linear({ inputs: 2, outputs: 2, rng }), relu, new Dropout({ rate: 0.5 })]);
      const { grads } = await device.compute(() => {
        const result = valueAndGrad(() => model.forward(tensor([[1, 2]]), inference).sum(), model.parameters());
        return { grads: [...result.grads.values()] };
      });
      expect(grads.map(({ shape }) => shape)).toEqual([[2, 2], [2]]);
    });
  });

  test("dropout: in training the mean stays and a share is zero; in inference nothing happens", async () => {
    await onDevice(oracle.backend(), async (device) => {
      const layer = new Dropout({ rate: 0.25 });
      const ones = hostTensor(new Float32Array(10_000).fill(1), [10_000]);
      const { data } = await device.compute(() => layer.forward(tensor(ones), training(new Rng(2))));
      const zeros = data.filter((value) => value === 0).length;
      // 10,000 draws with probability 0.25 have deviation √(10⁴·0.25·0.75) ≈ 43; five of them.
      expect(Math.abs(zeros - 2500)).toBeLessThan(217);
      expect(new Set(data)).toEqual(new Set([0, 1 / 0.75]));
      expect((await device.compute(() => layer.forward(tensor(ones), inference))).data).toEqual(Float64Array.from(ones.data));
    });
  });

  test("the same seed makes the same model", async () => {
    using a = new Linear({ inputs: 4, outputs: 4, rng: new Rng(1) });
    using b = new Linear({ inputs: 4, outputs: 4, rng: new Rng(1) });
    expect(await a.weight.read()).toEqual(await b.weight.read());
    expect(a.weight).toBeInstanceOf(Cell);
  });
});
