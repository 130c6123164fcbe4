import { cpu } from "@dl/backend-cpu";
import { LeNet, lenetMnist } from "@dl/cnn";
import { type HostTensor, openDevice, Rng, tensor } from "@dl/core";
import { inference } from "@dl/nn";
import { Gpt2 } from "@dl/transformer";
import * as ort from "onnxruntime-web";
import { expect, test } from "vitest";
import { exportOnnx } from "./export-onnx.ts";

// The build that browsers run, here in Node: WebAssembly, one thread.
ort.env.wasm.numThreads = 1;
const rng = new Rng(3);

test("onnxruntime-web gives LeNet's logits and GPT-2's, within 1e-4", async () => {
  await using device = await openDevice(cpu());
  using lenet = new LeNet({ ...lenetMnist, rng: rng.fork("lenet") });
  using gpt = new Gpt2({ vocabulary: 40, context: 32, size: 16, layers: 2, heads: 2, deviation: 0.3, rng: rng.fork("gpt") });
  const images = rng.fork("images").uniform([2, 28, 28, 1]);
  const ids = rng.fork("ids").integers([2, 9], 0, 40);
  const expected = (await device.compute(() => [
    lenet.forward(tensor(images)),
    gpt.forward({ ids: tensor(ids) }, inference),
  ])) as unknown as HostTensor[];
  const files = [
    await exportOnnx(lenet, { inputs: { x: { shape: ["batch", 28, 28, 1] } }, forward: ({ x }) => lenet.forward(x) }),
    await exportOnnx(gpt, {
      inputs: { x: { shape: ["batch", "time"], dtype: "int32" } },
      forward: ({ x }) => gpt.forward({ ids: x }, inference),
    }),
  ];
  for (const [i, { shape, dtype, data }] of [images, ids].entries()) {
    const session = await ort.InferenceSession.create(files[i]!, { executionProviders: ["wasm"] });
    const { output } = await session.run({ x: new ort.Tensor(dtype as "float32", data as Float32Array, [...shape]) });
    const { data: values } = expected[i]!;
    expect([...output!.dims]).toEqual(expected[i]!.shape);
    for (const [j, value] of values.entries())
      expect(Math.abs((output!.data as Float32Array)[j]! - value)).toBeLessThan(1e-4 * (1 + Math.abs(value)));
    await session.release();
  }
});
