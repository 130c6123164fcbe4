/** What the header of a compressed file says, read with suspicion: files come from strangers. */

import { CheckpointError, type Shape } from "@dl/core";
import type { AffineScale } from "../quantisation/integers.ts";
import { leastScale } from "../quantisation/integers.ts";
import type { Packing } from "./packed-tensors.ts";

/** The metadata's `format` of such a file; the rest is JSON under `compressed`. */
export const compressedFormat = "dl-compressed-1";

export interface CompressedHeader {
  /** By name of the tensor; those that are not here are stored as they are. */
  readonly tensors: ReadonlyMap<string, Packing>;
  /** Ranks by path of the layers that were factored. */
  readonly lowRank: ReadonlyMap<string, number>;
  /** Paths of normalisations that were folded. */
  readonly folded: readonly string[];
  /** By path of the layers whose inputs are rounded. */
  readonly inputs: ReadonlyMap<string, AffineScale>;
}

/** Whether a safetensors file is one that `compressedFile` wrote. */
export function isCompressed(metadata: ReadonlyMap<string, string>): boolean {
  return metadata.get("format") === compressedFormat;
}

export function formatHeader({ tensors, lowRank, folded, inputs }: CompressedHeader): Record<string, string> {
  const text = JSON.stringify({
    tensors: Object.fromEntries(tensors),
    lowRank: Object.fromEntries(lowRank),
    folded,
    inputs: Object.fromEntries(inputs),
  });
  return { format: compressedFormat, compressed: text };
}

type Fields = Readonly<Record<string, unknown>>;

/** @throws CheckpointError that says which entry is not what it should be. */
export function parseHeader(metadata: ReadonlyMap<string, string>, { file }: { file: string }): CompressedHeader {
  const fail = (expected: string, got: unknown): never => {
    const text = JSON.stringify(got) ?? "nothing";
    throw new CheckpointError(`${file}: header: expected ${expected}, got ${text.length > 80 ? `${text.slice(0, 80)}…` : text}.`);
  };
  if (!isCompressed(metadata)) fail(`a compressed model (format ${compressedFormat})`, metadata.get("format"));
  let json: unknown;
  try {
    json = JSON.parse(metadata.get("compressed") ?? "");
  } catch {
    fail("JSON under compressed", metadata.get("compressed"));
  }
  const fields = (value: unknown, what: string): Fields =>
    typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : fail(`an object ${what}`, value);
  const count = (value: unknown, what: string, least = 1): number =>
    Number.isSafeInteger(value) && (value as number) >= least ? (value as number) : fail(what, value);
  const shapeOf = (value: unknown): Shape =>
    Array.isArray(value) && value.length <= 8 ? value.map((size) => count(size, "sizes ≥ 0 in shape", 0)) : fail("a shape", value);
  const packingOf = (value: unknown): Packing => {
    const { encoding, ...rest } = fields(value, "for each tensor");
    const shape = shapeOf(rest.shape);
    if (encoding === "sparse") return { encoding, shape };
    if (encoding !== "int8" && encoding !== "int4") return fail("encoding int8, int4 or sparse", encoding);
    const axis = count(rest.axis, "an axis", 0);
    if (axis >= shape.length) fail(`an axis below ${shape.length}`, axis);
    return { encoding, shape, axis, group: count(rest.group, "a group ≥ 1") };
  };
  const scaleOf = (value: unknown): AffineScale => {
    const { scale, zeroPoint } = fields(value, "for each input");
    if (!(typeof scale === "number" && scale >= leastScale && scale < Number.MAX_VALUE)) return fail("a scale above 0", scale);
    if (!(Number.isInteger(zeroPoint) && Math.abs(zeroPoint as number) <= 128)) return fail("a zero point of int8", zeroPoint);
    return { scale, zeroPoint: zeroPoint as number };
  };
  const entries = <T>(value: unknown, what: string, read: (value: unknown) => T): ReadonlyMap<string, T> =>
    new Map(Object.entries(fields(value, what)).map(([name, each]) => [name, read(each)]));
  const { tensors, lowRank, folded, inputs } = fields(json, "under compressed");
  const paths =
    Array.isArray(folded) && folded.every((path) => typeof path === "string") ? (folded as string[]) : fail("paths under folded", folded);
  return {
    tensors: entries(tensors, "under tensors", packingOf),
    lowRank: entries(lowRank, "under lowRank", (rank) => count(rank, "a rank ≥ 1")),
    folded: paths,
    inputs: entries(inputs, "under inputs", scaleOf),
  };
}
