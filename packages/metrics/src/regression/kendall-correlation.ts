/** Pairs in order less pairs out of order. Kendall 1938; with ties (τ-b), 1945; counted by sorting, Knight 1966. */

import { ColumnsMetric } from "../columns-metric.ts";
import { type RegressionInputs, readRegression } from "./regression-inputs.ts";

/**
 * τ-b: (concordant − discordant) ÷ √((pairs not tied in y)(pairs not tied in ŷ)), from −1 to 1; NaN where either side is constant. Memory: two numbers an example; O(n log n).
 *
 * @example
 * const correlation = new KendallCorrelation();
 * correlation.update({ targets: [1, 2, 3, 4], predictions: [1, 2, 4, 3] });
 * correlation.result(); // 0.6666666666666666
 */
export class KendallCorrelation extends ColumnsMetric<Omit<RegressionInputs, "weights">> {
  constructor() {
    super("KendallCorrelation", { columns: 2 });
  }

  protected override read(inputs: RegressionInputs): ArrayLike<number>[] {
    const { targets, predictions } = readRegression("KendallCorrelation.update", inputs);
    return [targets, predictions];
  }

  protected override answer([targets, predictions]: readonly (readonly number[])[]): number {
    const [y, p] = [targets!, predictions!];
    const n = y.length;
    const order = Int32Array.from({ length: n }, (_, i) => i).sort((a, b) => y[a]! - y[b]! || p[a]! - p[b]!);
    const tiedY = tiedPairs(order, (a, b) => y[a] === y[b]);
    const tiedBoth = tiedPairs(order, (a, b) => y[a] === y[b] && p[a] === p[b]);
    const sorted = Float64Array.from(order, (i) => p[i]!);
    const discordant = inversions(sorted);
    const tiedP = tiedPairs(
      Int32Array.from({ length: n }, (_, i) => i),
      (a, b) => sorted[a] === sorted[b],
    );
    const pairs = (n * (n - 1)) / 2;
    const scale = Math.sqrt(pairs - tiedY) * Math.sqrt(pairs - tiedP);
    return scale === 0 ? Number.NaN : (pairs - tiedY - tiedP + tiedBoth - 2 * discordant) / scale;
  }
}

/** Pairs within runs of equal neighbours. */
function tiedPairs(order: Int32Array, isEqual: (a: number, b: number) => boolean): number {
  let pairs = 0;
  for (let start = 0, i = 1; i <= order.length; i++) {
    if (i < order.length && isEqual(order[start]!, order[i]!)) continue;
    pairs += ((i - start) * (i - start - 1)) / 2;
    start = i;
  }
  return pairs;
}

/** How many pairs are out of order; sorts `values` by merging. */
function inversions(values: Float64Array): number {
  let count = 0;
  const spare = new Float64Array(values.length);
  for (let width = 1; width < values.length; width *= 2) {
    for (let start = 0; start < values.length; start += 2 * width) {
      const middle = Math.min(start + width, values.length);
      const end = Math.min(start + 2 * width, values.length);
      let [left, right] = [start, middle];
      for (let at = start; at < end; at++) {
        if (right >= end || (left < middle && values[left]! <= values[right]!)) spare[at] = values[left++]!;
        else {
          count += middle - left;
          spare[at] = values[right++]!;
        }
      }
      values.set(spare.subarray(start, end), start);
    }
  }
  return count;
}
