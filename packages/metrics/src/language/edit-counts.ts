/** The fewest edits that make one sequence of another. Levenshtein 1966. */

export interface EditCounts {
  readonly substitutions: number;
  readonly deletions: number;
  readonly insertions: number;
  /** What stayed. */
  readonly hits: number;
}

/** Edits that make `hypothesis` of `reference`, fewest in all; of equally few, those with the most hits. O(n·m) time, O(m) memory. */
export function countEdits(reference: readonly string[], hypothesis: readonly string[]): EditCounts {
  // A cell is its cost, and its hits: substitutions, deletions and insertions follow from them and the lengths.
  let costs = Float64Array.from({ length: hypothesis.length + 1 }, (_, j) => j);
  let hits = new Float64Array(hypothesis.length + 1);
  for (let i = 1; i <= reference.length; i++) {
    const nextCosts = new Float64Array(hypothesis.length + 1);
    const nextHits = new Float64Array(hypothesis.length + 1);
    nextCosts[0] = i;
    for (let j = 1; j <= hypothesis.length; j++) {
      const isHit = reference[i - 1] === hypothesis[j - 1];
      let cost = costs[j - 1]! + (isHit ? 0 : 1);
      let hit = hits[j - 1]! + (isHit ? 1 : 0);
      const offer = (otherCost: number, otherHits: number): void => {
        if (otherCost < cost || (otherCost === cost && otherHits > hit)) [cost, hit] = [otherCost, otherHits];
      };
      offer(costs[j]! + 1, hits[j]!);
      offer(nextCosts[j - 1]! + 1, nextHits[j - 1]!);
      nextCosts[j] = cost;
      nextHits[j] = hit;
    }
    [costs, hits] = [nextCosts, nextHits];
  }
  const [cost, hit] = [costs[hypothesis.length]!, hits[hypothesis.length]!];
  const [n, m] = [reference.length, hypothesis.length];
  // n = hits + substitutions + deletions, m = hits + substitutions + insertions, cost = substitutions + deletions + insertions.
  const substitutions = n + m - 2 * hit - cost;
  return { substitutions, deletions: n - hit - substitutions, insertions: m - hit - substitutions, hits: hit };
}
