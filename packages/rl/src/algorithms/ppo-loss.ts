/** The loss of proximal policy optimisation. Schulman et al. 2017, arXiv:1707.06347, equations 7 and 9. */

import {
  add,
  broadcastTo,
  clip,
  customGradient,
  exp,
  greaterEqual,
  lessEqual,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  type Scalar,
  square,
  stopGradient,
  sub,
  type Tensor,
  where,
  zeros,
} from "@dl/core";

export interface PpoLossOptions {
  /** `[B]`, of the present policy. */
  logProbs: Tensor;
  /** `[B]`, of the policy that acted. */
  oldLogProbs: Tensor;
  /** `[B]` */
  advantages: Tensor;
  /** `[B]` or `[]` */
  entropy: Tensor;
  /** `[B]`, of the present critic. */
  values: Tensor;
  /** `[B]`, what the critic said while acting; needed with `valueClip`. */
  oldValues?: Tensor | undefined;
  /** `[B]` */
  returns: Tensor;
  /** ε: how far the ratio may leave 1 before the gradient stops. */
  clipRange: number;
  /** How far a value may leave its old one before its gradient stops. Default: as far as it likes. */
  valueClip?: number | undefined;
  /** Weight of the critic's loss. */
  valueWeight: number;
  /** Weight of the entropy. */
  entropyWeight: number;
}

/** Parts of the loss: `loss` is their weighted sum, `logRatio` `[B]` is what KL divergence and clipping are measured by. */
export interface PpoLoss {
  readonly loss: Scalar;
  readonly policyLoss: Scalar;
  readonly valueLoss: Scalar;
  readonly entropy: Scalar;
  readonly logRatio: Tensor;
}

/**
 * The gradient is written out instead of derived: each row's is either that of its unclipped term or zero, and going back through every minimum and clip of vectors this
 * short costs more than the networks do.
 */
export function ppoLoss({
  logProbs,
  oldLogProbs,
  advantages,
  entropy,
  values,
  oldValues,
  returns,
  clipRange,
  valueClip,
  valueWeight,
  entropyWeight,
}: PpoLossOptions): PpoLoss {
  const rows = logProbs.shape[0]!;
  const still = { logProbs: stopGradient(logProbs), values: stopGradient(values), entropy: stopGradient(entropy) };
  const logRatio = sub(still.logProbs, oldLogProbs); // [B]
  const ratio = exp(logRatio);
  const plain = mul(ratio, advantages);
  const clipped = mul(clip(ratio, 1 - clipRange, 1 + clipRange), advantages);
  const surrogate = minimum(plain, clipped);
  const policyLoss = neg(mean(surrogate));
  const error = sub(still.values, returns); // [B]
  const { squared, moves } = squaredError(error, { ...still, oldValues, returns, valueClip });
  const valueLoss = mul(mean(squared), 0.5);
  const meanEntropy = mean(still.entropy);
  const loss = customGradient([logProbs, values, entropy], {
    forward() {
      const both = add(policyLoss, mul(valueLoss, valueWeight));
      return entropyWeight === 0 ? both : sub(both, mul(meanEntropy, entropyWeight));
    },
    backward(gradient) {
      const share = mul(gradient, 1 / rows);
      const nothing = zeros([], { dtype: gradient.dtype });
      return [
        // The derivative of ratio · advantage by the log-probability is itself; where the clipped term is smaller, nothing moves.
        mul(where(lessEqual(plain, clipped), surrogate, nothing), neg(share)),
        mul(moves ? where(moves, error, nothing) : error, mul(share, valueWeight)),
        entropyWeight === 0 ? null : broadcastTo(mul(gradient, -entropyWeight / entropy.size), entropy.shape),
      ];
    },
  });
  return { loss: loss as Scalar, policyLoss, valueLoss, entropy: meanEntropy, logRatio };
}

/** Squared errors `[B]` of the values, and the rows whose value still moves; undefined for all. */
function squaredError(
  error: Tensor,
  { values, oldValues, returns, valueClip }: Pick<PpoLossOptions, "values" | "oldValues" | "returns" | "valueClip">,
): { squared: Tensor; moves?: Tensor } {
  const plain = square(error);
  if (valueClip === undefined || !oldValues) return { squared: plain };
  const held = square(sub(add(oldValues, clip(sub(values, oldValues), -valueClip, valueClip)), returns));
  return { squared: maximum(plain, held), moves: greaterEqual(plain, held) };
}
