/** Randomness is an argument: nothing in a package draws from a hidden source of chance, or reads the calendar. */
import ts from "typescript";
import { lineAt, type Source } from "../../workspace/workspace.ts";
import type { Finding, Rule } from "../rule.ts";

const members: Readonly<Record<string, string>> = {
  "Math.random": "Take `rng: Rng` as an argument, and fork a named stream from it.",
  "Date.now": "Measure with performance.now(); take a point in time as an argument.",
  "crypto.getRandomValues": "Take `rng: Rng` as an argument, and fork a named stream from it.",
  "crypto.randomUUID": "Take `rng: Rng` as an argument, or the name itself.",
};

export const determinism: Rule = {
  name: "determinism",
  *check(workspace) {
    for (const project of workspace.projects) {
      if (!project.isPackage) continue;
      for (const source of project.sources) {
        if (!source.isTest && source.path.startsWith(`${project.folder}/src/`)) yield* checkSource(source);
      }
    }
  },
};

function checkSource(source: Source): Finding[] {
  const found: Finding[] = [];
  const add = (node: ts.Node, got: string, advice: string): void => {
    const line = lineAt(source, node.getStart(source.ast));
    found.push({ file: source.path, line, message: `expected the same result on every run, got ${got}. ${advice}` });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      const name = `${node.expression.text}.${node.name.text}`;
      const advice = members[name];
      if (advice !== undefined) add(node, name, advice);
    }
    if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === "Date") {
      add(
        node,
        "new Date()",
        "Take the point in time as an argument, or derive it from performance.timeOrigin where a file format wants one.",
      );
    }
    ts.forEachChild(node, visit);
  };
  visit(source.ast);
  return found;
}
