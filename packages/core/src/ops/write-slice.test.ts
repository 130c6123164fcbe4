import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { expect, test } from "vitest";
import { type BackendDevice, Cell, Device, hostTensor, range, tensor, writeSlice } from "../index.ts";
import { onEach } from "../testing/reference-fixture.ts";

onEach([cpu(), wasm()], (open) => {
  test("rows are overwritten along any axis, and what was read before stays", async () => {
    const { device } = open();
    await using composing = new Device({ ...((await cpu().open()) as BackendDevice), fused: {} });
    for (const each of [device, composing]) {
      using cell = new Cell(hostTensor(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]));
      const before = await each.compute(() => {
        const earlier = cell.value;
        writeSlice(
          cell,
          tensor([
            [7, 8],
            [9, 10],
          ]),
          { axis: 1, start: 1 },
        );
        return earlier;
      });
      expect([...before.data]).toEqual([1, 2, 3, 4, 5, 6]);
      expect([...(await cell.read()).data]).toEqual([1, 7, 8, 4, 9, 10]);
      await each.compute(() => writeSlice(cell, tensor([[0, 0, 0]]), { axis: -2, start: 1 }));
      expect([...(await cell.read()).data]).toEqual([1, 7, 8, 0, 0, 0]);
    }
  });

  test("what does not fit is told, and changes nothing", async () => {
    const { device } = open();
    using cell = new Cell(hostTensor(new Float32Array(6), [2, 3]));
    const write = (values: number[][], start: number, axis = 1) => device.compute(() => writeSlice(cell, tensor(values), { axis, start }));
    await expect(write([[1], [2]], 3)).rejects.toThrow(
      /writeSlice: expected values that fit into \[2, 3\] from 3 on along axis 1, got \[2, 1\]/,
    );
    await expect(write([[1]], 0)).rejects.toThrow(/writeSlice/);
    await expect(write([[1], [2]], -1)).rejects.toThrow(/writeSlice/);
    await expect(device.compute(() => writeSlice(cell, range(3).reshape([1, 3]), { axis: 0, start: 0 }))).rejects.toThrow(
      /expected float32 as in the cell, got int32/,
    );
    expect([...(await cell.read()).data]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
