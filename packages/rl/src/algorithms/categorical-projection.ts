/** Returns as distributions over fixed atoms. Bellemare, Dabney and Munos 2017 (C51), arXiv:1707.06887, algorithm 1. */

export interface AtomsOptions {
  /** `[B, atoms]`: the next state's distribution. */
  probabilities: ArrayLike<number>;
  /** `[B]` */
  rewards: ArrayLike<number>;
  /** `[B]`: γⁿ, and 0 where the task terminated. */
  discounts: ArrayLike<number>;
  low: number;
  high: number;
  atoms: number;
}

/** r + γ·Z, spread over the atoms nearest to it: `[B, atoms]`. On the host: B · atoms additions at places known only by value. */
export function projectAtoms({ probabilities, rewards, discounts, low, high, atoms }: AtomsOptions): Float32Array {
  const gap = (high - low) / (atoms - 1);
  const out = new Float64Array(probabilities.length);
  for (let i = 0; i < probabilities.length; i++) {
    const row = Math.floor(i / atoms);
    const value = rewards[row]! + discounts[row]! * (low + (i % atoms) * gap);
    const place = Math.min(Math.max((value - low) / gap, 0), atoms - 1);
    const below = Math.floor(place);
    const above = Math.min(below + 1, atoms - 1);
    // Exactly on an atom, all of it goes there.
    out[row * atoms + below]! += probabilities[i]! * (1 - (place - below));
    out[row * atoms + above]! += probabilities[i]! * (place - below);
  }
  return Float32Array.from(out);
}
