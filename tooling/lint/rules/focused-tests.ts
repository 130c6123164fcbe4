/**
 * `test.only` and its like leave every other test out: fine while working, never in a commit.
 * Biome's noFocusedTests would do, if it did not take our `fit()` for Jasmine's.
 */
import ts from "typescript";
import { lineAt, type Source } from "../../workspace/workspace.ts";
import type { Finding, Rule } from "../rule.ts";

const runners = new Set(["test", "it", "describe", "suite", "bench"]);

export const focusedTests: Rule = {
  name: "focused-tests",
  *check(workspace) {
    for (const source of workspace.projects.flatMap((project) => project.sources)) {
      if (source.isTest && source.text.includes(".only")) yield* checkSource(source);
    }
  },
};

function checkSource(source: Source): Finding[] {
  const found: Finding[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && node.name.text === "only" && runners.has(rootOf(node))) {
      const line = lineAt(source, node.getStart(source.ast));
      found.push({ file: source.path, line, message: `expected every test to run, got ${node.getText(source.ast)}. Take out ".only".` });
    }
    ts.forEachChild(node, visit);
  };
  visit(source.ast);
  return found;
}

/** `test` in `test.concurrent.only`. */
function rootOf(node: ts.PropertyAccessExpression): string {
  let left: ts.Expression = node.expression;
  while (ts.isPropertyAccessExpression(left)) left = left.expression;
  return ts.isIdentifier(left) ? left.text : "";
}
