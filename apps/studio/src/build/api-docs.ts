/** Takes the API documentation along that `write-docs.ts` has written, if it has. */

import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Plugin } from "vite";

/** A folder of that name is nobody's handwriting: linters leave it out. */
export const docsFolder: string = join(import.meta.dirname, "../../generated/api");

export function apiDocs(): Plugin {
  const isThere = existsSync(join(docsFolder, "index.html"));
  let out = "";
  return {
    name: "studio-api-docs",
    // Without it there is nothing to link to.
    config: () => ({ define: { "import.meta.env.VITE_HAS_API": JSON.stringify(isThere) } }),
    configResolved({ build }) {
      out = build.outDir;
    },
    async closeBundle() {
      if (isThere && this.environment?.name === "client")
        await cp(docsFolder, resolve(import.meta.dirname, "../..", out, "api"), { recursive: true });
    },
  };
}
