/** What vite adds to modules: style sheets, its own environment, and the READMEs' examples of `build/readme-snippets.ts`. */

/// <reference types="vite/client" />

interface ImportMetaEnv {
  /** Whether the API documentation is built beside the studio. */
  readonly VITE_HAS_API: boolean;
}

declare module "virtual:readme-snippets" {
  export interface PackageReadme {
    readonly name: string;
    readonly summary: string;
    readonly code: string;
    readonly runs: boolean;
  }
  export const readmes: readonly PackageReadme[];
  export const examples: Readonly<Record<string, () => Promise<unknown>>>;
}
