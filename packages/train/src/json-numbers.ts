/** Plain data as JSON that loses no number: JSON itself turns NaN and the infinities into null, and −0 into 0. */

import type { Json } from "@dl/nn";

/** How a number that JSON cannot say is written: `{ "$number": "NaN" }`. */
const tag = "$number";

/** Plain data with every number in a form that survives `JSON.stringify`; fields that are undefined are left out. */
export function toJson(value: unknown): Json {
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0) ? value : { [tag]: numberText(value) };
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    return Object.fromEntries(fields.map(([key, field]) => [key, toJson(field)]));
  }
  return value as Json;
}

/** What `toJson` was given. */
export function fromJson(value: Json): unknown {
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value);
  if (fields.length === 1 && fields[0]![0] === tag) return Number(fields[0]![1]);
  return Object.fromEntries(fields.map(([key, field]) => [key, fromJson(field)]));
}

function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}
