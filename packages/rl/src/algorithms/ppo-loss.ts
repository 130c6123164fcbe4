/** The loss of proximal policy optimisation. Schulman et al. 2017, arXiv:1707.06347, equations 7 and 9. */

import { add, clip, exp, maximum, mean, minimum, mul, neg, type Scalar, square, sub, type Tensor } from "@dl/core";

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
  const logRatio = sub(logProbs, oldLogProbs); // [B]
  const ratio = exp(logRatio);
  const policyLoss = neg(mean(minimum(mul(ratio, advantages), mul(clip(ratio, 1 - clipRange, 1 + clipRange), advantages)))) as Scalar;
  let errors = square(sub(values, returns)); // [B]
  if (valueClip !== undefined && oldValues) {
    const held = add(oldValues, clip(sub(values, oldValues), -valueClip, valueClip));
    errors = maximum(errors, square(sub(held, returns)));
  }
  const valueLoss = mul(mean(errors), 0.5) as Scalar;
  const meanEntropy = mean(entropy);
  let loss: Tensor = add(policyLoss, mul(valueLoss, valueWeight));
  if (entropyWeight !== 0) loss = sub(loss, mul(meanEntropy, entropyWeight));
  return { loss: loss as Scalar, policyLoss, valueLoss, entropy: meanEntropy, logRatio };
}
