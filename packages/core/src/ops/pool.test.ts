import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import * as ops from "../index.ts";
import { referenceSuite } from "../testing/reference-fixture.ts";

referenceSuite("pool", {
  backends: [cpu({ precision: "float64" }), cpu(), wasm()],
  run: ({ name, attrs }, { x }) => {
    const images = x!.transpose([0, 2, 3, 1]);
    const options = { kernelSize: attrs.kernel_size, stride: attrs.stride, padding: attrs.padding ?? 0, ceil: attrs.ceil_mode ?? false };
    const pooled =
      name === "max_pool2d"
        ? ops.maxPool2d(images, options)
        : name === "avg_pool2d"
          ? ops.averagePool2d(images, { ...options, countPadding: attrs.count_include_pad ?? false })
          : ops.adaptiveAveragePool2d(images, attrs.output_size);
    return pooled.transpose([0, 3, 1, 2]);
  },
});
