import { expect, test } from "vitest";
import { checkFiles } from "../check-files.ts";
import { fileNames } from "./file-names.ts";

const check = (name: string) => checkFiles(fileNames, { [`packages/nn/src/${name}`]: "" });

test.each(["utils.ts", "helpers.ts", "types.ts", "tensor-utils.ts", "utils.test.ts", "common.ts", "device-manager.ts"])(
  "%s is a drawer",
  (name) => {
    expect(check(name)[0]).toContain(`expected a file named after its one idea, got ${name}`);
  },
);

test.each(["frechetDistance.ts", "Linear.ts", "frechet_distance.ts"])("%s is not written as words with dashes", (name) => {
  expect(check(name)[0]).toContain("expected lower-case words joined by dashes");
});

test.each(["conv2d.ts", "frechet-distance.test.ts", "dtype.ts", "vitest.learning.config.ts", "app.tsx"])("%s is a name", (name) => {
  expect(check(name)).toEqual([]);
});
