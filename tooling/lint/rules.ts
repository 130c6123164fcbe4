/** The rules of the house: a file each, with a test that shows it firing. */
import type { Rule } from "./rule.ts";
import { arrows } from "./rules/arrows.ts";
import { browserClean } from "./rules/browser-clean.ts";
import { deadLinks } from "./rules/dead-links.ts";
import { declaredDependencies } from "./rules/declared-dependencies.ts";
import { determinism } from "./rules/determinism.ts";
import { fileHeader } from "./rules/file-header.ts";
import { fileLength } from "./rules/file-length.ts";
import { fileNames } from "./rules/file-names.ts";
import { focusedTests } from "./rules/focused-tests.ts";
import { openEnds } from "./rules/open-ends.ts";
import { packageForm } from "./rules/package-form.ts";
import { positionalArguments } from "./rules/positional-arguments.ts";

export const rules: readonly Rule[] = [
  arrows,
  browserClean,
  deadLinks,
  declaredDependencies,
  determinism,
  fileHeader,
  fileLength,
  fileNames,
  focusedTests,
  openEnds,
  packageForm,
  positionalArguments,
];
