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

/** Functions, classes, constants and types that the entries of a project export. */
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

/** What one file exports, whether or not users can reach it. */
export function exportedBy(source: Source): Omit<PublicDeclaration, "specifier">[] {
  return exportsOf(source, new Map());
}

/** Whether a declaration is a type alone, which code imports with `import type`. */
export function isType({ node }: Pick<PublicDeclaration, "node">): boolean {
  return ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
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
  if (specifier === undefined || !ts.isStringLiteral(specifier)) return [];
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
  if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) {
    return [{ name: statement.name.text, source, node: statement }];
  }
  const named = ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement);
  return named && statement.name !== undefined ? [{ name: statement.name.text, source, node: statement }] : [];
}

function isExported(statement: ts.Statement): boolean {
  return ts.canHaveModifiers(statement) && (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
}
