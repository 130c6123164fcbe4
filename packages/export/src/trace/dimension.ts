/**
 * A number that may depend on the sizes of inputs: its value in each of several traces, and the formula behind the values.
 *
 * A forward pass computes with plain numbers, so its traces are taken at several sizes, and the formula is found from what came out.
 */

/** Values in the traces, in their order. */
export type Dimension = readonly number[];

/** A symbol of the inputs' shapes, such as `batch`, with its size in each trace. */
export interface SymbolSizes {
  readonly name: string;
  readonly sizes: Dimension;
}

/** Σ factor · Π symbols; a constant is one term without symbols. */
export interface DimensionTerm {
  readonly factor: number;
  /** Numbers of symbols, ascending. */
  readonly symbols: readonly number[];
}

export type DimensionFormula = readonly DimensionTerm[];

export function isConstant(dimension: Dimension): boolean {
  return dimension.every((value) => value === dimension[0]);
}

export function sameDimension(a: Dimension, b: Dimension): boolean {
  return a.every((value, i) => value === b[i]);
}

export function productOf(dimensions: readonly Dimension[], traces: number): Dimension {
  return Array.from({ length: traces }, (_, trace) => dimensions.reduce((product, dimension) => product * dimension[trace]!, 1));
}

/** Sizes that symbols take in the traces: every combination of two, and one point that tests what was found. */
export function tracePoints(symbols: number): number[][] {
  // Primes, none of which is a small multiple or the sum of two others: sizes that are equal by chance would hide what they depend on.
  const low = [2, 7, 17, 29];
  const high = [3, 11, 23, 37];
  const probe = [5, 13, 19, 31];
  const count = 2 ** symbols;
  const corners = Array.from({ length: count }, (_, corner) =>
    Array.from({ length: symbols }, (_, i) => (((corner >> i) & 1) === 0 ? low[i]! : high[i]!)),
  );
  return symbols === 0 ? [[]] : [...corners, probe.slice(0, symbols)];
}

/**
 * The polynomial through the values, of at most one power of each symbol; undefined when there is none of whole numbers or halves.
 *
 * The traces must be those of `tracePoints`: corners of a box, over which such a polynomial is determined, and one more that tests it.
 */
export function formulaOf(dimension: Dimension, symbols: readonly SymbolSizes[]): DimensionFormula | undefined {
  // Differences along one symbol at a time leave the coefficients. Corner c has symbol i at its high size when bit i is set.
  const corners = 2 ** symbols.length;
  const values = dimension.slice(0, corners) as number[];
  symbols.forEach(({ sizes }, i) => {
    const [low, high] = [sizes[0]!, sizes[1 << i]!];
    for (let corner = 0; corner < corners; corner++) {
      if ((corner >> i) & 1) continue;
      const other = corner | (1 << i);
      const slope = (values[other]! - values[corner]!) / (high - low);
      values[corner] = values[corner]! - slope * low;
      values[other] = slope;
    }
  });
  const terms: DimensionTerm[] = [];
  values.forEach((factor, corner) => {
    const rounded = Math.round(factor * 1e6) / 1e6;
    if (rounded !== 0) terms.push({ factor: rounded, symbols: symbols.map((_, i) => i).filter((i) => (corner >> i) & 1) });
  });
  const fits = dimension.every((value, trace) => Math.abs(evaluate(terms, symbols, trace) - value) < 1e-6);
  return fits ? terms : undefined;
}

function evaluate(terms: DimensionFormula, symbols: readonly SymbolSizes[], trace: number): number {
  return terms.reduce((sum, term) => sum + term.symbols.reduce((product, i) => product * symbols[i]!.sizes[trace]!, term.factor), 0);
}
