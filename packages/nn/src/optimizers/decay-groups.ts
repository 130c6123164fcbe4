/** Which parameters decay: matrices and kernels do, biases and gains of norms do not. */

import type { Module } from "../module.ts";
import type { Parameter } from "../parameter.ts";

/**
 * Two groups: parameters of two axes and more, and the rest with `weightDecay: 0`. He et al. 2019, arXiv:1812.01187, section 3.1.
 *
 * @param options.except  More paths without decay, such as embeddings. Default none.
 */
export function decayGroups(
  model: Module,
  { except = () => false }: { except?: (path: string, parameter: Parameter) => boolean } = {},
): [{ parameters: Parameter[] }, { parameters: Parameter[]; weightDecay: 0 }] {
  const decayed: Parameter[] = [];
  const rest: Parameter[] = [];
  for (const [path, parameter] of model.namedParameters()) {
    (parameter.shape.length >= 2 && !except(path, parameter) ? decayed : rest).push(parameter);
  }
  return [{ parameters: decayed }, { parameters: rest, weightDecay: 0 }];
}
