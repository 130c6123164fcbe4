/** The contract of fused attention: against the whole matrix in doubles. */

import type { AttentionProblem } from "../backend.ts";
import { type FusedCheck, float32 } from "./fused-check.ts";
import * as reference from "./references.ts";
import { floats } from "./sample.ts";

const attentionProblems: readonly AttentionProblem[] = [
  { batch: 1, heads: 1, keyHeads: 1, time: 1, keyTime: 1, size: 1, scale: 1, causal: false },
  { batch: 2, heads: 3, keyHeads: 3, time: 5, keyTime: 5, size: 4, scale: 0.5, causal: true },
  { batch: 2, heads: 4, keyHeads: 2, time: 3, keyTime: 7, size: 8, scale: 0.35, causal: true },
  { batch: 1, heads: 6, keyHeads: 1, time: 17, keyTime: 33, size: 5, scale: 0.4, causal: false },
  { batch: 1, heads: 2, keyHeads: 2, time: 130, keyTime: 130, size: 32, scale: 0.18, causal: true },
];

export const attentionChecks: FusedCheck = (name, claim) => {
  if (name !== "attention" && name !== "attentionGradient") return;
  claim(name, "causal and not, heads shared and not, queries fewer than keys", async ({ comparison, rng }) => {
    for (const problem of attentionProblems) {
      const { batch, heads, keyHeads, time, keyTime, size } = problem;
      const queryShape = [batch, heads, time, size];
      const keyShape = [batch, keyHeads, keyTime, size];
      const query = rng.normal(queryShape);
      const key = rng.normal(keyShape);
      const value = rng.normal(keyShape);
      const g = rng.normal(queryShape);
      const { forward, backward } = reference.attentionRows(query.data, key.data, value.data, g.data, problem);
      const tolerance = { absolute: 2e-5, relative: 2e-5 };
      const sums = { absolute: 2e-5 * Math.sqrt((time * heads) / keyHeads), relative: 1e-4 };
      if (name === "attention") {
        await comparison.against(
          JSON.stringify(problem),
          [query, key, value],
          [float32(queryShape, tolerance), float32([batch, heads, time], tolerance)],
          (device, [q, k, v]) => {
            const { y, logSumExp } = device.fused.attention!(q!, k!, v!, problem);
            return [y, logSumExp];
          },
          forward,
        );
      } else {
        await comparison.against(
          JSON.stringify(problem),
          [g, query, key, value, floats(forward[0]!, queryShape), floats(forward[1]!, [batch, heads, time])],
          [float32(queryShape, sums), float32(keyShape, sums), float32(keyShape, sums)],
          (device, [dy, q, k, v, y, logSumExp]) => {
            const saved = { query: q!, key: k!, value: v!, y: y!, logSumExp: logSumExp! };
            const { dquery, dkey, dvalue } = device.fused.attentionGradient!(dy!, saved, problem);
            return [dquery, dkey, dvalue];
          },
          backward,
        );
      }
    }
  });
};
