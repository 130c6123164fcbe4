import { cpu } from "@dl/backend-cpu";
import { afterAll, beforeAll, expect, test } from "vitest";
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
