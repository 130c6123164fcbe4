/** What a snippet claims in its trailing comments, `mean([1, 2]); // 1.5`, held against what the code gives. */

interface Claim {
  readonly value: unknown;
  readonly expected: Expectation;
  /** Where the claim stands, for the error. */
  readonly at: string;
}

/** A value as JSON writes it, or a dtype and a shape. */
export type Expectation =
  | { readonly json: unknown; readonly decimals: number }
  | { readonly dtype: string; readonly shape: readonly number[] };

/** Reads a comment as a claim; undefined where it is prose. */
export function expectationOf(comment: string): Expectation | undefined {
  const text = comment.trim();
  const [, dtype, shape] = /^(float32|float64|int32|bool) (\[[\d, ]*\])$/.exec(text) ?? [];
  if (dtype !== undefined) return { dtype, shape: JSON.parse(shape ?? "[]") as number[] };
  try {
    const json: unknown = JSON.parse(text.replace(/^\w+Array\s*(?=\[)/, ""));
    const decimals = [...text.matchAll(/\.(\d+)/g)].map(([, digits]) => digits?.length ?? 0);
    return { json, decimals: Math.max(0, ...decimals) };
  } catch {
    return undefined;
  }
}

/** Collects claims while a snippet runs, and verifies them when its tensors have become plain data. */
export class Claims {
  readonly #claims: Claim[] = [];

  /** Notes a value beside what its comment says; gives the value back. In a loop, the first time round is what the reader sees. */
  note<T>(value: T, { expected, at }: { expected: Expectation; at: string }): T {
    if (!this.#claims.some((claim) => claim.at === at)) this.#claims.push({ value, expected, at });
    return value;
  }

  /** The noted values, in order: what a `compute` returns to have them read. */
  get values(): readonly unknown[] {
    return this.#claims.map(({ value }) => value);
  }

  /** Throws for the first value that is not what its comment says. */
  verify(values: readonly unknown[] = this.values): void {
    for (const [index, { expected, at }] of this.#claims.entries()) {
      const value = values[index];
      if (!agrees(value, expected)) throw new Error(`${at}: expected ${JSON.stringify(expected)}, got ${show(value)}.`);
    }
  }
}

function agrees(value: unknown, expected: Expectation): boolean {
  if ("dtype" in expected) {
    return isTensor(value) && value.dtype === expected.dtype && same(value.shape, { json: expected.shape, decimals: 0 });
  }
  if (!isTensor(value)) return same(value, expected);
  // The house writes shapes as trailing comments, so a list beside a tensor may be its shape or its values.
  return same(value.shape, expected) || same([...value.data], { ...expected, json: [expected.json].flat(8) });
}

function same(value: unknown, { json, decimals }: { json: unknown; decimals: number }): boolean {
  if (typeof json === "number" && typeof value === "number") {
    // As many digits as were written, and what float32 leaves of them.
    return Math.abs(value - json) <= (decimals === 0 ? 0 : 0.5 * 10 ** -decimals) + 2e-7 * Math.abs(json);
  }
  if (ArrayBuffer.isView(value)) return same([...(value as unknown as Iterable<number>)], { json, decimals });
  if (Array.isArray(json) && Array.isArray(value)) {
    return json.length === value.length && json.every((item, index) => same(value[index], { json: item, decimals }));
  }
  return JSON.stringify(value) === JSON.stringify(json);
}

function isTensor(value: unknown): value is { dtype: string; shape: number[]; data: Iterable<number> } {
  return typeof value === "object" && value !== null && "dtype" in value && "shape" in value && "data" in value;
}

function show(value: unknown): string {
  if (isTensor(value)) return `${value.dtype} ${JSON.stringify(value.shape)} with ${JSON.stringify([...value.data].slice(0, 20))}`;
  return ArrayBuffer.isView(value) ? JSON.stringify([...(value as unknown as Iterable<number>)]) : (JSON.stringify(value) ?? String(value));
}
