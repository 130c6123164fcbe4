/** What a package exports to its users: the declarations behind its entries, found by following `export … from "./file.ts"`. */
import { posix } from "node:path";
import ts from "typescript";
import type { Project, Source } from "./workspace.ts";

export interface PublicDeclaration {
  /** The name users import. */
  readonly name: string;
  /** What users import it from: `@dl/core/testing`. */
  readonly specifier: string;
  readonly source: Source;
  readonly node: ts.Declaration;
}

/** Functions, classes and constants that the entries of a project export. Types are left out. */
export function publicApi(project: Project): PublicDeclaration[] {
  const sources = new Map(project.sources.map((source) => [source.path, source]));
  const found = new Map<ts.Node, PublicDeclaration>();
  for (const [path, target] of Object.entries(project.manifest.exports ?? {})) {
    const entry = typeof target === "object" ? target["@dl/source"] : undefined;
    const source = sources.get(posix.join(project.folder, entry ?? ""));
    if (source === undefined) continue;
    const specifier = project.manifest.name + path.slice(1);
    for (const declaration of exportsOf(source, sources)) {
      // What several entries export belongs to the first.
      if (!found.has(declaration.node)) found.set(declaration.node, { ...declaration, specifier });
    }
  }
  return [...found.values()];
}

type Declared = Omit<PublicDeclaration, "specifier">;

function exportsOf(source: Source, sources: ReadonlyMap<string, Source>, seen: Set<string> = new Set()): Declared[] {
  if (seen.has(source.path)) return [];
  seen.add(source.path);
  const found: Declared[] = [];
  for (const statement of source.ast.statements) {
    if (ts.isExportDeclaration(statement)) found.push(...reExported(statement, { source, sources, seen }));
    else if (isExported(statement)) found.push(...declared(statement, source));
  }
  return found;
}

function reExported(
  statement: ts.ExportDeclaration,
  { source, sources, seen }: { source: Source; sources: ReadonlyMap<string, Source>; seen: Set<string> },
): Declared[] {
  const specifier = statement.moduleSpecifier;
  if (statement.isTypeOnly || specifier === undefined || !ts.isStringLiteral(specifier)) return [];
  const target = sources.get(posix.join(posix.dirname(source.path), specifier.text));
  if (target === undefined) return [];
  const clause = statement.exportClause;
  if (clause === undefined) return exportsOf(target, sources, seen);
  if (ts.isNamespaceExport(clause)) return [];
  // A file may be named in several statements, so named exports look at it afresh.
  const all = exportsOf(target, sources, new Set());
  return clause.elements.flatMap((element) => {
    const original = (element.propertyName ?? element.name).text;
    return all.filter(({ name }) => name === original).map((declaration) => ({ ...declaration, name: element.name.text }));
  });
}

function declared(statement: ts.Statement, source: Source): Declared[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap((node) =>
      ts.isIdentifier(node.name) ? [{ name: node.name.text, source, node }] : [],
    );
  }
  if ((ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name !== undefined) {
    return [{ name: statement.name.text, source, node: statement }];
  }
  return [];
}

function isExported(statement: ts.Statement): boolean {
  return ts.canHaveModifiers(statement) && (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
}
