import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import * as ops from "../index.ts";
import { referenceSuite } from "../testing/reference-fixture.ts";

// The fixtures give causal cases a mask as well; here the flag does the hiding, and a mask only what lengths hide.
referenceSuite("attention", {
  backends: [cpu({ precision: "float64" }), cpu(), wasm()],
  run: ({ attrs }, { q, k_, v, keep }) =>
    ops.attention(q!, { key: k_!, value: v! }, { causal: attrs.causal, mask: attrs.lengths ? keep : undefined }),
});
