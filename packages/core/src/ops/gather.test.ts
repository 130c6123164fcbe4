import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import * as ops from "../index.ts";
import { referenceSuite } from "../testing/reference-fixture.ts";

referenceSuite("embedding_gather_scatter", {
  backends: [cpu({ precision: "float64" }), cpu(), wasm()],
  run: ({ name, attrs: { dim, padding_idx } }, { w, x, src, idx }) => {
    switch (name) {
      case "embedding":
        return ops.embedding(w!, idx!, padding_idx === null ? {} : { paddingIndex: padding_idx });
      case "gather":
        return ops.takeAlong(x!, idx!, { axis: dim });
      case "scatter_add":
        return x!.add(ops.scatterAlong(idx!, src!, { axis: dim, length: x!.shape[dim]! }));
      default:
        return ops.gather(x!, idx!, { axis: dim });
    }
  },
});
