import { cpu } from "@dl/backend-cpu";
import { Cell, Device, hostTensor, mul, tensor } from "@dl/core";
import { expect, test } from "vitest";
import { KernelRecorder } from "./kernel-recorder.ts";

test("a recorded step is done again without the core, on the state as it is then, and leaves nothing behind", async () => {
  const recorder = new KernelRecorder(await cpu().open());
  const device = new Device(recorder);
  using weight = new Cell(hostTensor(Float32Array.of(2, 3), [2]));
  await device.compute(() => void weight.value); // On the device before the recording.
  const replay = await recorder.record(() => device.compute(() => mul(weight.value, tensor([10, 100])).sum()));
  expect(replay.result).toBe(320);
  const { buffers } = recorder.memory();
  expect([...replay.run()!]).toEqual([320]);
  expect([...replay.run()!]).toEqual([320]);
  expect(recorder.memory().buffers).toBe(buffers);
});

test("a step that replaces state is refused: its replay would free what is in use", async () => {
  const recorder = new KernelRecorder(await cpu().open());
  const device = new Device(recorder);
  using weight = new Cell(hostTensor(Float32Array.of(2), [1]));
  await device.compute(() => void weight.value);
  await expect(recorder.record(() => device.compute(() => weight.set(weight.value.add(1))))).rejects.toThrow(
    /expected a step that frees only what it made/,
  );
});
