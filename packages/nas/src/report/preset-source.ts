/** The winner of a search as a TypeScript constant: to be read, kept under version control, and trained. */

import { OptionError } from "@dl/core";

export interface PresetSource {
  /** Of the problem: `cell-cifar10` becomes the constant `cellCifar10`. */
  readonly name: string;
  /** Plain data, such as a candidate's value. */
  readonly value: unknown;
  /** What it is and where it comes from, a line each. */
  readonly comment: readonly string[];
}

/**
 * A module that exports the value as a constant. What it exports is equal to the value.
 *
 * @throws OptionError for a value that is no plain data.
 * @example
 * presetSource({ name: "best-width", value: { width: 32, kind: "wide" }, comment: ["Found in 20 trials."] });
 * // ends with: export const bestWidth = { width: 32, kind: "wide" } as const;
 */
export function presetSource({ name, value, comment }: PresetSource): string {
  const constant = name.replace(/[^a-zA-Z0-9]+(.?)/g, (_, next: string) => next.toUpperCase());
  if (!/^[a-z]/i.test(constant))
    throw new OptionError(`presetSource: expected a name that begins with a letter, got ${JSON.stringify(name)}.`);
  // The end of a comment inside one would let code in.
  const lines = comment.flatMap((line) => line.split("\n")).map((line) => ` * ${line.replaceAll("*/", "*\\/")}`);
  return `/**\n${lines.join("\n")}\n */\nexport const ${constant} = ${literal(value, { indent: "", where: constant })} as const;\n`;
}

const widest = 100;

function literal(value: unknown, { indent, where }: { indent: string; where: string }): string {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new OptionError(`presetSource: expected finite numbers, got ${value} at ${where}.`);
  }
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") return JSON.stringify(value);
  if (typeof value !== "object") throw new OptionError(`presetSource: expected plain data, got ${typeof value} at ${where}.`);
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const items = isList
    ? value.map((item, i) => literal(item, { indent: inner, where: `${where}[${i}]` }))
    : Object.entries(value).map(([key, item]) => `${nameOf(key)}: ${literal(item, { indent: inner, where: `${where}.${key}` })}`);
  const [open, close, space] = isList ? ["[", "]", ""] : ["{", "}", " "];
  if (items.length === 0) return open + close;
  const line = `${open}${space}${items.join(", ")}${space}${close}`;
  if (indent.length + line.length <= widest && !line.includes("\n")) return line;
  return `${open}\n${items.map((item) => `${inner}${item},\n`).join("")}${indent}${close}`;
}

// Assigned, `__proto__` would not be a property.
const nameOf = (key: string): string => (/^[a-z_$][\w$]*$/i.test(key) && key !== "__proto__" ? key : `[${JSON.stringify(key)}]`);
