/** The gradient of a target's score by the inputs: what the methods of this folder are made of. */

import { DtypeError, grad, isFloat, sum, type Tensor } from "@dl/core";
import { type ChosenTarget, type Forward, targetScores } from "../target.ts";

/** Examples do not see each other, so the gradient of the sum holds each one's own. */
export function inputGradient(where: string, inputs: Tensor, options: ChosenTarget & { readonly forward: Forward }): Tensor {
  if (!isFloat(inputs.dtype)) {
    throw new DtypeError(`${where}: expected float inputs, got ${inputs.dtype}. Explain the embeddings of tokens, not the tokens.`);
  }
  return grad(() => sum(targetScores(where, options.forward(inputs), options)), [inputs])[0]!;
}
