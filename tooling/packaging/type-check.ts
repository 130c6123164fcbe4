/** Type-checks a user's file against installed packages, in a given way of resolving modules. */
import { relative } from "node:path";
import ts from "typescript";

export interface TypeCheckOptions {
  /** `nodenext` is Node's way, `bundler` that of vite and its like. */
  readonly resolution: "nodenext" | "bundler";
  /** Folders of `@types`, for code that uses Node itself. Default none: our declarations must stand without. */
  readonly typeRoots?: readonly string[];
}

/** What TypeScript objects to, one string each; declarations of libraries are checked too. */
export function typeCheck(file: string, { resolution, typeRoots }: TypeCheckOptions): string[] {
  const nodenext = resolution === "nodenext";
  const program = ts.createProgram([file], {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    skipDefaultLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts", "lib.dom.asynciterable.d.ts"],
    module: nodenext ? ts.ModuleKind.NodeNext : ts.ModuleKind.ESNext,
    moduleResolution: nodenext ? ts.ModuleResolutionKind.NodeNext : ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
    types: typeRoots === undefined ? [] : ["node"],
    ...(typeRoots === undefined ? {} : { typeRoots: [...typeRoots] }),
  });
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => {
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n");
    if (diagnostic.file === undefined || diagnostic.start === undefined) return `${resolution}: ${text}`;
    const { line } = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start);
    return `${resolution}: ${relative(process.cwd(), diagnostic.file.fileName)}:${line + 1}: ${text}`;
  });
}
