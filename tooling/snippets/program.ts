/**
 * Makes a snippet a program that checks itself.
 *
 * A snippet with imports is a program already. A shorter one, the usual `@example`, gets what a reader takes for granted: imports of
 * the names it uses, a `device` (the CPU's), an `rng`; and unless it awaits something, it runs inside one `compute`.
 * A trailing comment that is a value, such as `x.sum(); // 6`, becomes a check. An example may also take values for granted, such as
 * `model` or `images`; then its types are checked and it does not run. What it calls or constructs must exist.
 */
import ts from "typescript";
import { exportedBy, isType, publicApi } from "../workspace/public-api.ts";
import type { Project, Source } from "../workspace/workspace.ts";
import { expectationOf } from "./claims.ts";
import type { Snippet } from "./snippet.ts";

export interface Program {
  readonly snippet: Snippet;
  /** Names it takes for granted; with any, only its types are checked. */
  readonly granted: readonly string[];
  readonly text: string;
  /** Lines of `text` before the snippet's first. */
  readonly linesBefore: number;
}

/** How each public name is imported: `import { relu } from "@dl/core";`. */
export type Names = ReadonlyMap<string, string>;

/** Public names of all packages as the snippets of `own` see them: its own package wins, then the lower ones. */
export function namesFor(own: Project | undefined, projects: readonly Project[]): Names {
  const order = ["@dl/core", "@dl/nn", "@dl/data", "@dl/metrics", "@dl/train"];
  const rank = ({ manifest }: Project): number => (manifest.name === own?.manifest.name ? -1 : (order.indexOf(manifest.name) + 9) % 9);
  const names = new Map<string, string>();
  for (const project of projects.filter(({ isPackage }) => isPackage).sort((a, b) => rank(a) - rank(b))) {
    for (const declaration of publicApi(project)) {
      const { name, specifier } = declaration;
      if (!names.has(name)) names.set(name, `import ${isType(declaration) ? "type " : ""}{ ${name} } from "${specifier}";`);
    }
  }
  return names;
}

/** The same for an example inside `source`, which may also use what only its own file exports. */
export function namesInside(source: Source, names: Names): Names {
  const inside = new Map(names);
  for (const declaration of exportedBy(source)) {
    const { name } = declaration;
    if (!inside.has(name)) inside.set(name, `import ${isType(declaration) ? "type " : ""}{ ${name} } from "../../../${source.path}";`);
  }
  return inside;
}

export function programOf(snippet: Snippet, names: Names): Program {
  const ast = ts.createSourceFile("snippet.ts", snippet.code, ts.ScriptTarget.Latest, true);
  const complete = ast.statements.some(ts.isImportDeclaration);
  const body = withClaims(ast, snippet);
  const wrapped = !complete && !awaits(ast);
  const used = complete ? new Map<string, boolean>() : freeNames(ast);
  if (wrapped) used.set("device", false);
  const granted = [...used].flatMap(([name, isCalled]) =>
    isCalled || given.has(name) || names.has(name) || name in globalThis ? [] : [name],
  );
  const head = [`import { Claims } from "../claims.ts";`, ...prelude(used, names), "const claims = new Claims();"];
  for (const name of granted) head.push(`declare let ${name}: any;`);
  const lines = wrapped
    ? [...head, "claims.verify(device.computeSync((): readonly unknown[] => {", body, "return claims.values; }) as readonly unknown[]);"]
    : [...head, body, "claims.verify();"];
  return { snippet, granted, text: `${lines.join("\n")}\nexport {};\n`, linesBefore: head.length + (wrapped ? 1 : 0) };
}

/** What every example has, and what that needs itself. */
const given: ReadonlyMap<string, { readonly needs: readonly string[]; readonly code: string }> = new Map([
  ["device", { needs: ["openDevice", "cpu"], code: "await using device = await openDevice(cpu());" }],
  ["rng", { needs: ["Rng"], code: "const rng = new Rng(1);" }],
]);

function prelude(used: ReadonlyMap<string, boolean>, names: Names): string[] {
  const wanted = [...used.keys()].flatMap((name) => given.get(name) ?? []);
  const imported = new Set([...used.keys(), ...wanted.flatMap(({ needs }) => needs)]);
  const imports = [...imported].flatMap((name) => (given.has(name) ? [] : (names.get(name) ?? [])));
  return [...imports, ...wanted.map(({ code }) => code)];
}

/** Names a snippet uses and does not declare, each with whether it is called, constructed or used as a type. */
function freeNames(ast: ts.SourceFile): Map<string, boolean> {
  const used = new Map<string, boolean>();
  const declared = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      if (declares(node)) declared.add(node.text);
      else if (!isPropertyName(node)) used.set(node.text, (used.get(node.text) ?? false) || mustExist(node));
    }
    ts.forEachChild(node, visit);
  };
  visit(ast);
  return new Map([...used].filter(([name]) => !declared.has(name) && name !== "undefined"));
}

function declares(node: ts.Identifier): boolean {
  const { parent } = node;
  const named = ts.isVariableDeclaration(parent) || ts.isBindingElement(parent) || ts.isParameter(parent);
  return (named || ts.isFunctionDeclaration(parent) || ts.isClassDeclaration(parent)) && parent.name === node;
}

function isPropertyName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isBindingElement(parent)) return parent.propertyName === node;
  const holds = ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent) || ts.isClassElement(parent);
  return holds && parent.name === node;
}

function mustExist(node: ts.Identifier): boolean {
  const { parent } = node;
  const isCalled = (ts.isCallExpression(parent) || ts.isNewExpression(parent)) && parent.expression === node;
  return isCalled || ts.isTypeReferenceNode(parent) || ts.isExpressionWithTypeArguments(parent) || ts.isTaggedTemplateExpression(parent);
}

/** Whether a snippet waits for something outside of its own functions. */
function awaits(ast: ts.SourceFile): boolean {
  const visit = (node: ts.Node): boolean => {
    if (ts.isFunctionLike(node)) return false;
    if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined)) return true;
    if (ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.AwaitUsing) === ts.NodeFlags.AwaitUsing) return true;
    return ts.forEachChild(node, (child) => visit(child) || undefined) ?? false;
  };
  return visit(ast);
}

/** The snippet's text, with each statement whose trailing comment is a value noting what it gives. */
function withClaims(ast: ts.SourceFile, { file, line, code }: Snippet): string {
  const edits: { at: number; text: string }[] = [];
  const visit = (node: ts.Node): void => {
    const comment = ts.isStatement(node) ? trailingComment(node, code) : undefined;
    const expected = comment === undefined ? undefined : expectationOf(comment);
    if (expected !== undefined) {
      const at = `${file}:${line + ast.getLineAndCharacterOfPosition(node.getStart(ast)).line}`;
      const details = JSON.stringify({ expected, at });
      const value = claimed(node);
      if (value !== undefined) edits.push({ at: value.getStart(ast), text: "claims.note(" }, { at: value.getEnd(), text: `, ${details})` });
    }
    ts.forEachChild(node, visit);
  };
  visit(ast);
  return edits.sort((a, b) => b.at - a.at).reduce((text, edit) => text.slice(0, edit.at) + edit.text + text.slice(edit.at), code);
}

/** The expression a claim is about: `x.sum()` in `x.sum(); // 6`, in `const s = x.sum(); // 6` and in `console.log(x.sum()); // 6`. */
function claimed(node: ts.Node): ts.Expression | undefined {
  if (ts.isVariableStatement(node)) {
    const [declaration, second] = node.declarationList.declarations;
    return second === undefined && declaration !== undefined && ts.isIdentifier(declaration.name) ? declaration.initializer : undefined;
  }
  if (!ts.isExpressionStatement(node)) return undefined;
  const { expression } = node;
  if (ts.isCallExpression(expression) && expression.expression.getText() === "console.log") {
    return expression.arguments.length === 1 ? expression.arguments[0] : undefined;
  }
  return expression;
}

function trailingComment(node: ts.Node, code: string): string | undefined {
  const [range] = ts.getTrailingCommentRanges(code, node.getEnd()) ?? [];
  return range?.kind === ts.SyntaxKind.SingleLineCommentTrivia ? code.slice(range.pos + 2, range.end) : undefined;
}
