/**
 * Makes a snippet a program that checks itself.
 *
 * A snippet with imports is a program already. A shorter one, the usual `@example`, gets what a reader takes for granted: imports of
 * the names it uses, a `device` (the CPU's), an `rng`; and unless it awaits something, it runs inside one `compute`.
 * A trailing comment that is a value, such as `x.sum(); // 6`, becomes a check.
 */
import ts from "typescript";
import { publicApi } from "../workspace/public-api.ts";
import type { Project } from "../workspace/workspace.ts";
import { expectationOf } from "./claims.ts";
import type { Snippet } from "./snippet.ts";

export interface Program {
  readonly snippet: Snippet;
  readonly text: string;
  /** Lines of `text` before the snippet's first. */
  readonly linesBefore: number;
}

/** Where each public name is imported from, nearest package first. */
export type Names = ReadonlyMap<string, string>;

/** Public names of all packages as the snippets of `own` see them: its own package wins, then the lower ones. */
export function namesFor(own: Project | undefined, projects: readonly Project[]): Names {
  const order = ["@dl/core", "@dl/nn", "@dl/data", "@dl/metrics", "@dl/train"];
  const rank = ({ manifest }: Project): number => (manifest.name === own?.manifest.name ? -1 : (order.indexOf(manifest.name) + 9) % 9);
  const names = new Map<string, string>();
  for (const project of projects.filter(({ isPackage }) => isPackage).sort((a, b) => rank(a) - rank(b))) {
    for (const { name, specifier } of publicApi(project)) if (!names.has(name)) names.set(name, specifier);
  }
  return names;
}

export function programOf(snippet: Snippet, names: Names): Program {
  const ast = ts.createSourceFile("snippet.ts", snippet.code, ts.ScriptTarget.Latest, true);
  const complete = ast.statements.some(ts.isImportDeclaration);
  const body = withClaims(ast, snippet);
  const wrapped = !complete && !awaits(ast);
  const used = complete ? new Set<string>() : freeNames(ast);
  if (wrapped) used.add("device");
  const head = [`import { Claims } from "../claims.ts";`, ...(complete ? [] : prelude(used, names)), "const claims = new Claims();"];
  const lines = wrapped
    ? [...head, "claims.verify(device.computeSync((): readonly unknown[] => {", body, "return claims.values; }) as readonly unknown[]);"]
    : [...head, body, "claims.verify();"];
  return { snippet, text: `${lines.join("\n")}\nexport {};\n`, linesBefore: head.length + (wrapped ? 1 : 0) };
}

function prelude(used: ReadonlySet<string>, names: Names): string[] {
  const wanted = new Set(used);
  if (wanted.has("device")) wanted.add("openDevice").add("cpu");
  if (wanted.has("rng")) wanted.add("Rng");
  const imports = [...wanted].flatMap((name) => {
    const specifier = names.get(name);
    return specifier === undefined || name === "device" || name === "rng" ? [] : [`import { ${name} } from "${specifier}";`];
  });
  const device = wanted.has("device") ? ["await using device = await openDevice(cpu());"] : [];
  return [...imports, ...device, ...(wanted.has("rng") ? ["const rng = new Rng(1);"] : [])];
}

/** Names a snippet uses and does not declare. */
function freeNames(ast: ts.SourceFile): Set<string> {
  const used = new Set<string>();
  const declared = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const isDeclared =
        (ts.isVariableDeclaration(parent) || ts.isBindingElement(parent) || ts.isParameter(parent)) && parent.name === node;
      const isName = ts.isFunctionDeclaration(parent) || ts.isClassDeclaration(parent);
      const isProperty =
        (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
        (ts.isPropertyAssignment(parent) && parent.name === node) ||
        (ts.isBindingElement(parent) && parent.propertyName === node);
      if (isDeclared || (isName && parent.name === node)) declared.add(node.text);
      else if (!isProperty) used.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ast);
  return new Set([...used].filter((name) => !declared.has(name)));
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
