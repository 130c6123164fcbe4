/**
 * Public functions take at most two positional arguments and then one options object; never a bare boolean.
 * A third positional argument is a warning, a fourth an error: nobody remembers the order of four.
 */
import ts from "typescript";
import { type PublicDeclaration, publicApi } from "../../workspace/public-api.ts";
import { lineAt } from "../../workspace/workspace.ts";
import type { Finding, Rule } from "../rule.ts";

/** Functions whose arguments have an order that every user knows already: numpy's and PyTorch's, or the paper's. */
const exceptions = new Set(["where", "clip", "swapAxes", "Rng", "threefry2x32", "randomWords"]);

export const positionalArguments: Rule = {
  name: "positional-arguments",
  *check(workspace) {
    for (const project of workspace.projects) {
      if (!project.isPackage) continue;
      for (const declaration of publicApi(project)) yield* checkDeclaration(declaration);
    }
  },
};

function* checkDeclaration({ name, node, source }: PublicDeclaration): Iterable<Finding> {
  if (exceptions.has(name)) return;
  for (const { label, signature } of signatures(name, node)) {
    const problem = problemOf(signature.parameters);
    if (problem === undefined) continue;
    const { severity, message } = problem;
    yield {
      file: source.path,
      line: lineAt(source, signature.getStart(source.ast)),
      severity,
      message: `expected ${label} to take ${message}`,
    };
  }
}

interface Labelled {
  readonly label: string;
  readonly signature: ts.SignatureDeclaration;
}

function signatures(name: string, node: ts.Declaration): Labelled[] {
  if (ts.isFunctionDeclaration(node)) return [{ label: `${name}()`, signature: node }];
  if (ts.isVariableDeclaration(node) && node.initializer !== undefined) {
    const value = node.initializer;
    return ts.isArrowFunction(value) || ts.isFunctionExpression(value) ? [{ label: `${name}()`, signature: value }] : [];
  }
  if (!ts.isClassDeclaration(node)) return [];
  return node.members.flatMap((member): Labelled[] => {
    const hidden = ts.canHaveModifiers(member) && (ts.getModifiers(member) ?? []).some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword);
    if (hidden || (member.name !== undefined && ts.isPrivateIdentifier(member.name))) return [];
    if (ts.isConstructorDeclaration(member)) return [{ label: `new ${name}()`, signature: member }];
    return ts.isMethodDeclaration(member) ? [{ label: `${name}.${member.name.getText()}()`, signature: member }] : [];
  });
}

function problemOf(parameters: readonly ts.ParameterDeclaration[]): Required<Pick<Finding, "severity" | "message">> | undefined {
  const bare = parameters.find(({ type }) => type?.kind === ts.SyntaxKind.BooleanKeyword);
  if (bare !== undefined) {
    const message = `no bare boolean, got ${bare.getText()}. Put it into the options object, where the call shows its name.`;
    return { severity: "error", message };
  }
  const positional = parameters.filter((parameter) => parameter.dotDotDotToken === undefined && !isOptions(parameter));
  if (positional.length <= 2) return undefined;
  const got = parameters.map(({ name }) => (ts.isIdentifier(name) ? name.text : "{ … }")).join(", ");
  return {
    severity: positional.length === 3 ? "warning" : "error",
    message: `at most two positional arguments and then one options object, got (${got}). Gather the rest into one object with names.`,
  };
}

function isOptions({ name, type }: ts.ParameterDeclaration): boolean {
  if (ts.isObjectBindingPattern(name) || /options$/i.test(name.getText())) return true;
  if (type === undefined) return false;
  return ts.isTypeLiteralNode(type) || /(Options|Settings)(<.*>)?$/.test(type.getText());
}
