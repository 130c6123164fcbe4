/** Per-example gradients the plain way: each example alone. Slow, for any model; and what the fast way is tested against. */

import { concat, type Gradients, mul, narrow, OptionError, scope, stack, sum, sumOfSquares, valueAndGrad } from "@dl/core";
import { BatchNorm, type Module, type Parameter } from "@dl/nn";
import { countExamples, type ExampleBatch, type ExampleGradients, type ExampleLosses, mapTensors, totalOf } from "./example-gradients.ts";

export function oneByOneGradients<B extends ExampleBatch>(model: Module, batch: B, losses: ExampleLosses<B>): ExampleGradients {
  const examples = countExamples(batch);
  const mixing = [...model.modules].find(([, module]) => module instanceof BatchNorm);
  if (mixing) {
    throw new OptionError(
      `clippedGradients: expected layers that keep examples apart, got batch normalisation at ${mixing[0]}. Replace it by GroupNorm or LayerNorm.`,
    );
  }
  const parameters = model.parameters();
  const rows = Array.from({ length: examples }, (_, row) =>
    scope(() => {
      const { value, grads } = valueAndGrad(() => {
        const each = losses(mapTensors(batch, (x) => narrow(x, 0, { start: row, size: 1 })));
        return { loss: totalOf(each, 1), each };
      }, parameters);
      return { loss: value.each, grads, squaredNorm: sumOfSquares([...grads.values()]) };
    }),
  );
  return {
    losses: concat(
      rows.map(({ loss }) => loss),
      { axis: 0 },
    ),
    squaredNorms: stack(
      rows.map(({ squaredNorm }) => squaredNorm),
      { axis: 0 },
    ),
    weightedSum: (weights): Gradients<Parameter> =>
      new Map(
        parameters.map((parameter) => {
          const each = stack(
            rows.map(({ grads }) => grads.get(parameter)!),
            { axis: 0 },
          ); // [B, …]
          const shape = [examples, ...parameter.shape.map(() => 1)];
          return [parameter, sum(mul(each, weights.reshape(shape)), 0)];
        }),
      ),
  };
}
