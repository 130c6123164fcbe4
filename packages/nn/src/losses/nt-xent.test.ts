import { cpu } from "@dl/backend-cpu";
import { OptionError, openDevice, Rng, ShapeError, tensor } from "@dl/core";
import { checkGradients } from "@dl/core/testing";
import { describe, expect, test } from "vitest";
import { ntXent } from "./nt-xent.ts";

const rng = new Rng(4);

describe("ntXent", () => {
  test("by the paper's sum, in float64", async () => {
    await using device = await openDevice(cpu({ precision: "float64" }));
    const [a, b] = [rng.fork("a").normal([3, 5]), rng.fork("b").normal([3, 5])];
    const rows = [...[a, b].flatMap(({ data }) => [0, 1, 2].map((i) => Array.from(data.slice(5 * i, 5 * i + 5))))];
    const dot = (x: number[], y: number[]): number => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
    const cosine = (x: number[], y: number[]): number => dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
    let wanted = 0;
    for (let i = 0; i < 6; i++) {
      const others = rows.reduce((sum, row, k) => (k === i ? sum : sum + Math.exp(cosine(rows[i]!, row) / 0.2)), 0);
      wanted -= Math.log(Math.exp(cosine(rows[i]!, rows[(i + 3) % 6]!) / 0.2) / others) / 6;
    }
    const got = await device.compute(() => ntXent(tensor(a), tensor(b), { temperature: 0.2 }));
    expect(got).toBeCloseTo(wanted, 6);
  });

  test("gradients are those of central differences, and neither lengths nor the order of the views matter", async () => {
    await using device = await openDevice(cpu({ precision: "float64" }));
    const [a, b] = [rng.fork("c").normal([4, 3]), rng.fork("d").normal([4, 3])];
    await checkGradients(device, (x, y) => ntXent(x!, y!), { inputs: [a, b] });
    const { plain, longer, turned } = await device.compute(() => ({
      plain: ntXent(tensor(a), tensor(b)),
      longer: ntXent(tensor(a).mul(7), tensor(b)),
      turned: ntXent(tensor(b), tensor(a)),
    }));
    expect(longer).toBeCloseTo(plain, 9);
    expect(turned).toBeCloseTo(plain, 9);
  });

  test("views of other shapes, and temperatures that are not positive, are refused", async () => {
    await using device = await openDevice(cpu());
    await expect(device.compute(() => ntXent(tensor(rng.normal([2, 3])), tensor(rng.normal([3, 3]))))).rejects.toThrow(ShapeError);
    await expect(device.compute(() => ntXent(tensor(rng.normal([2, 3])), tensor(rng.normal([2, 3])), { temperature: 0 }))).rejects.toThrow(
      OptionError,
    );
  });
});
