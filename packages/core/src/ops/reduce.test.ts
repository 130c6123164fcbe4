import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import * as ops from "../index.ts";
import { referenceSuite } from "../testing/reference-fixture.ts";

referenceSuite("reduce_cumsum_topk", {
  backends: [cpu({ precision: "float64" }), cpu(), wasm()],
  run: ({ name, attrs: { dim, k, correction } }, { x }) => {
    switch (name) {
      case "cumsum":
        return ops.cumsum(x!, dim);
      case "cumprod":
        return ops.cumprod(x!, dim);
      case "topk":
        return ops.topK(x!, k, { axis: dim }).values;
      case "sort_desc":
        return ops.sort(x!, { axis: dim, descending: true }).values;
      case "mean":
        return ops.mean(x!, dim);
      case "sum":
        return ops.sum(x!, dim);
      case "prod":
        return ops.prod(x!, dim);
      case "amax":
        return ops.max(x!, dim);
      case "amin":
        return ops.min(x!, dim);
      case "var":
        return ops.variance(x!, dim, { correction });
      case "std":
        return ops.std(x!, dim, { correction });
      default:
        return ops.norm(x!, dim);
    }
  },
});
