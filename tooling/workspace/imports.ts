/** What a source imports, and how: values at load time, types only, or on demand. */
import { builtinModules } from "node:module";
import ts from "typescript";

export interface Import {
  readonly specifier: string;
  /** `static` runs when the file loads, `dynamic` on demand (`import()`), `type` never. */
  readonly kind: "static" | "dynamic" | "type";
  /** Position in the source's text. */
  readonly position: number;
}

/** Every import and re-export of a source, also those inside functions. */
export function importsOf(ast: ts.SourceFile): Import[] {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      const specifier = node.moduleSpecifier;
      if (specifier !== undefined && ts.isStringLiteral(specifier)) {
        found.push({ specifier: specifier.text, kind: isTypeOnly(node) ? "type" : "static", position: node.getStart(ast) });
      }
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const specifier = node.arguments[0];
      if (specifier !== undefined && ts.isStringLiteralLike(specifier)) {
        found.push({ specifier: specifier.text, kind: "dynamic", position: node.getStart(ast) });
      }
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
      found.push({ specifier: node.argument.literal.text, kind: "type", position: node.getStart(ast) });
    }
    ts.forEachChild(node, visit);
  };
  visit(ast);
  return found;
}

/** `@dl/core/testing` → `@dl/core`; undefined for relative paths, for Node's own modules, and for those a bundler's plugin makes (`virtual:…`). */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith(".") || specifier.startsWith("virtual:") || isBuiltin(specifier)) return undefined;
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0];
}

/** Whether a specifier names a module of Node, with or without `node:`. */
export function isBuiltin(specifier: string): boolean {
  return specifier.startsWith("node:") || builtinModules.includes(specifier);
}

// With verbatimModuleSyntax, `import { type A } from "x"` still loads x; only `import type` is erased.
function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  return ts.isExportDeclaration(node) ? node.isTypeOnly : (node.importClause?.isTypeOnly ?? false);
}
