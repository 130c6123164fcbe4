/** Runs one README example and posts what it logs. A worker of its own each time: it is ended with everything the example left. */

import { examples } from "virtual:readme-snippets";

export type SnippetMessage = { readonly kind: "line"; readonly text: string } | { readonly kind: "end"; readonly error?: string };

const post = globalThis.postMessage as unknown as (message: SnippetMessage) => void;

function printed(value: unknown): string {
  if (typeof value === "string") return value;
  if (ArrayBuffer.isView(value))
    return `${value.constructor.name} [${Array.from(value as Float32Array)
      .slice(0, 8)
      .join(", ")}${value.byteLength > 32 ? ", …" : ""}]`;
  if (typeof value === "object" && value !== null)
    return JSON.stringify(value, (_, field) => (ArrayBuffer.isView(field) ? printed(field) : field));
  return String(value);
}

for (const level of ["log", "warn", "error"] as const) {
  console[level] = (...values: unknown[]) => post({ kind: "line", text: values.map(printed).join(" ") });
}

globalThis.onmessage = async ({ data }: MessageEvent<string>) => {
  try {
    await examples[data]?.();
    post({ kind: "end" });
  } catch (error) {
    post({ kind: "end", error: error instanceof Error ? error.message : String(error) });
  }
};
