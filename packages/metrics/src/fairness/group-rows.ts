/** Splits a batch by a column of groups. */

import { DataError, type HostTensor, ShapeError } from "@dl/core";
import { isHostTensor } from "../numbers.ts";

/** The group of each example: names, or numbers. */
export type Groups = ArrayLike<string | number> | HostTensor;

/** The rows of each group, by name; groups in the order of their names. */
export function rowsOfGroups(where: string, groups: Groups): Map<string, Int32Array> {
  const values: ArrayLike<string | number> = "shape" in groups ? groups.data : groups;
  if (values.length === 0) throw new DataError(`${where}: expected a group for each example, got none.`);
  const rows = new Map<string, number[]>();
  for (let i = 0; i < values.length; i++) {
    const name = String(values[i]);
    const own = rows.get(name);
    if (own === undefined) rows.set(name, [i]);
    else own.push(i);
  }
  const names = [...rows.keys()].sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1));
  return new Map(names.map((name) => [name, Int32Array.from(rows.get(name)!)]));
}

/** Every array of `inputs` cut to some rows; a flat one of n · count numbers has rows of n. Everything else stays. */
export function takeRows<Inputs extends object>(where: string, inputs: Inputs, options: { rows: Int32Array; count: number }): Inputs {
  const { rows, count } = options;
  const cut = (name: string, value: unknown): unknown => {
    if (typeof value !== "object" || value === null || !("length" in value || "shape" in value)) return value;
    const flat = isHostTensor(value as HostTensor) ? (value as HostTensor).data : (value as ArrayLike<unknown>);
    const first = "shape" in value ? ((value as HostTensor).shape[0] ?? 0) : flat.length;
    if (first % count !== 0 || first === 0 || ("shape" in value && first !== count)) {
      throw new ShapeError(`${where}: expected ${name} of ${count} examples, as many as groups, got ${first}.`);
    }
    const size = flat.length / count;
    const picked = Array.from({ length: rows.length * size }, (_, i) => flat[rows[Math.floor(i / size)]! * size + (i % size)]);
    if (!("shape" in value)) return picked;
    const { shape, dtype } = value as HostTensor;
    return { shape: [rows.length, ...shape.slice(1)], dtype, data: Float64Array.from(picked as number[]) };
  };
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, cut(name, value)])) as Inputs;
}
