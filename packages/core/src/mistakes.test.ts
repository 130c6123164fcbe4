import { cpu } from "@dl/backend-cpu";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as ops from "./index.ts";
import { add, type Device, hostTensor, openDevice, relu, reshape, sum, type Tensor, tensor, valueAndGrad } from "./index.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice(cpu());
});
afterAll(async () => {
  expect(device.memory().buffers).toBe(0);
  await device[Symbol.asyncDispose]();
});

// What a script that is run without a type check can do wrong.
const host = hostTensor(Float32Array.of(5, 7), [2]) as unknown as Tensor;

test.each([
  ["add", () => add(host, tensor([1, 1]))],
  ["add", () => add(tensor([1, 1]), host)],
  ["relu", () => relu(host)],
  ["reshape", () => reshape(host, [1, 2])],
  ["sum", () => sum(host)],
  ["pad", () => ops.pad(host, [[1, 1]])],
  ["tile", () => ops.tile(host, [2])],
  ["repeat", () => ops.repeat(host, 2, { axis: 0 })],
  ["stack", () => ops.stack([host, host])],
  ["split", () => ops.split(host, 2, { axis: 0 })],
  ["conv1d", () => ops.conv1d(host, host)],
  ["convTranspose1d", () => ops.convTranspose1d(host, host)],
  ["conv3d", () => ops.conv3d(host, host)],
  ["unfold", () => ops.unfold(host, { kernelSize: 1 })],
  ["pixelShuffle", () => ops.pixelShuffle(host, 1)],
  ["resize", () => ops.resize(host, { size: [2, 2] })],
  ["embedding", () => ops.embedding(host, host)],
])("%s of host data says how to bring it in", async (name, work: () => unknown) => {
  await expect(device.compute(work as () => undefined)).rejects.toThrow(
    `${name}: expected a tensor, got host data. Bring data in with tensor(…), or a batch with upload(batch).`,
  );
});

test("a loss computed before valueAndGrad has lost its way back, and says so", async () => {
  const work = (): unknown => {
    const x = tensor([1, 2]);
    const loss = x.square().sum();
    return valueAndGrad(() => loss, [x]);
  };
  await expect(device.compute(work as () => undefined)).rejects.toThrow("expected work to compute the loss, got one computed before");
});

test("JavaScript's own arithmetic on tensors is refused, and a tensor in a message shows its form", async () => {
  await expect(device.compute(() => ((tensor([1, 2]) as never as number) + 1) as never)).rejects.toThrow("Write a.add(b)");
  await expect(device.compute(() => ((tensor(1) as never as number) < 2) as never)).rejects.toThrow("Write a.add(b)");
  expect(await device.compute(() => `${tensor([[1, 2]])}`)).toBe("Tensor [1, 2] float32");
});

test("a tensor that would leave compute in a set or in an instance of a class is refused", async () => {
  class Result {
    readonly loss = tensor([1]);
  }
  await expect(device.compute(() => new Result() as never)).rejects.toThrow("got one in a Result. Return its fields");
  await expect(device.compute(() => new Set([tensor([1])]) as never)).rejects.toThrow("got one in a Set");
  expect(await device.compute(() => new Set([1]))).toEqual(new Set([1]));
});

test("what cannot be differentiated by is named", async () => {
  const by = (variables: unknown) => () => valueAndGrad(() => tensor(1), variables as never) as never;
  await expect(device.compute(by([3]))).rejects.toThrow(
    "valueAndGrad: expected an array of parameters, cells or tensors to differentiate by, got number at 0",
  );
  await expect(device.compute(by({}))).rejects.toThrow("got object. Write model.parameters() or [x].");
});

test("an asynchronous loss is named as one", async () => {
  const work = (): unknown => valueAndGrad((async () => tensor(1)) as never, []);
  await expect(device.compute(work as () => undefined)).rejects.toThrow("valueAndGrad: expected a synchronous function");
});

test("half a step beside whole numbers is refused, not truncated", async () => {
  await expect(device.compute(() => tensor([1, 2], { dtype: "int32" }).add(0.5))).rejects.toThrow(
    "fill: expected a whole number for int32, got 0.5",
  );
});

test("a backend that was not called is named", async () => {
  await expect(openDevice(cpu as never)).rejects.toThrow("openDevice: expected backends such as wasm(), got a function: call it.");
});

/** What the operation of a mistake says. */
async function complaint(work: () => unknown): Promise<string> {
  try {
    await device.compute(work as () => undefined);
  } catch (error) {
    return String(error);
  }
  return "nothing";
}

test("tangents of another shape than their variable's, and losses without a slope, are refused", async () => {
  const x = (): Tensor => tensor([1, 2, 3]);
  const stretched = (): unknown => {
    const at = x();
    return ops.jvp(() => at.square(), [at], { tangents: [tensor(1)] });
  };
  expect(await complaint(stretched)).toBe("ShapeError: jvp: expected tangent 0 to have its variable's shape [3], got [].");
  expect(await device.compute(() => ops.jvp(() => x(), [], { tangents: [] }).tangent)).toMatchObject({ data: Float32Array.of(0, 0, 0) });
  const place = (): unknown => {
    const at = x();
    return ops.grad(() => ops.argmax(at, 0) as ops.Scalar, [at]);
  };
  expect(await complaint(place)).toContain("DtypeError: valueAndGrad: expected a float loss, got int32");
});

test("updates of the right size and the wrong shape are refused", async () => {
  const scatter = (): unknown => ops.scatterAdd(ops.range(2), ops.ones([3, 2]), { axis: 0, shape: [4, 3] });
  expect(await complaint(scatter)).toBe("ShapeError: scatterAdd: expected updates of shape [2, 3], got [3, 2].");
  const fraction = (): unknown => ops.scatterAdd(ops.range(0), ops.ones([0, 3]), { axis: 0, shape: [2.5, 3] });
  expect(await complaint(fraction)).toContain("scatterAdd: expected sizes that are whole numbers");
  expect(await complaint(() => ops.embedding(ops.ones([3]), ops.range(2), { paddingIndex: 0 }))).toBe(
    "ShapeError: embedding: expected a table of shape [N, C], got [3].",
  );
});

test.each([
  ["nested", () => tensor([1, NaN], { dtype: "int32" }), "tensor: expected numbers that int32 holds, from −2³¹ to 2³¹ − 1, got NaN."],
  ["floats", () => tensor(Float64Array.of(2 ** 31), { dtype: "int32" }), "got 2147483648."],
  ["a constant", () => tensor([1], { dtype: "int32" }).add(3e9), "fill: expected numbers that int32 holds"],
  ["counted", () => ops.range(2 ** 31 + 1, { start: 2 ** 31 - 1 }), "range: expected numbers that int32 holds"],
])("%s numbers that an int32 cannot hold do not wrap around", async (_, work: () => unknown, message) => {
  expect(await complaint(work)).toContain(message);
});

test("numbers that an int32 holds to the last are taken, fractions cut off", async () => {
  const held = await device.compute(() => tensor([2 ** 31 - 1, -(2 ** 31), -1.9, 2147483647.9], { dtype: "int32" }));
  expect([...held.data]).toEqual([2 ** 31 - 1, -(2 ** 31), -1, 2 ** 31 - 1]);
  expect((await device.compute(() => ops.range(2 ** 31, { start: 2 ** 31 - 2 }))).data).toEqual(Int32Array.of(2 ** 31 - 2, 2 ** 31 - 1));
});

test.each([
  [
    "an empty axis repeated",
    () =>
      ops.pad(
        ops.zeros([2, 0]),
        [
          [0, 0],
          [1, 1],
        ],
        { mode: "circular" },
      ),
    "expected elements to repeat along axis 1",
  ],
  [
    "an image without pixels",
    () => ops.resize(ops.zeros([1, 0, 3, 1]), { size: [2, 3] }),
    "resize: expected at least one pixel along each axis",
  ],
  [
    "labels between labels",
    () => ops.resize(ops.zeros([1, 2, 2, 1], { dtype: "int32" }), { size: [3, 3] }),
    "resize, bilinear: expected a float",
  ],
  ["a kernel of nothing", () => ops.conv2d(ops.zeros([1, 4, 4, 1]), ops.zeros([0, 3, 1, 1])), "got 0 × 3"],
  [
    "a size given twice",
    () => ops.convTranspose2d(ops.ones([1, 2, 2, 1]), ops.ones([3, 3, 1, 1]), { stride: 2, padding: "same", outputPadding: 1 }),
    'expected no outputPadding with padding "same"',
  ],
  [
    "dropped whole numbers",
    () => ops.dropout(ops.ones([3], { dtype: "int32" }), { rate: 0.5, rng: new ops.Rng(1) }),
    "dropout: expected a float",
  ],
  ["half an index", () => ops.checkIndices("labels", [1.5], { count: 3 }), "labels: expected whole numbers from 0 to 2, got 1.5"],
  ["a dtype there is not", () => tensor([1], { dtype: "float16" as "float32" }), "expected float32, float64, int32, bool as dtype, got"],
])("%s is refused", async (_, work: () => unknown, message) => {
  expect(await complaint(work)).toContain(message);
});
