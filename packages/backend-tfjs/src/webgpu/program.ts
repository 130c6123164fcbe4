/** A compute program: what a launch binds, its parameters, and the WGSL that follows from them. */

import type { DeviceBuffer } from "./memory.ts";

/** How a shader sees the words of a buffer. Bools are words of 0 or 1. */
export type WordType = "f32" | "i32" | "u32" | "vec4f" | "atomic";

export interface Binding {
  /** The array's name in the shader. */
  readonly name: string;
  readonly type: WordType;
  readonly buffer: DeviceBuffer;
  /** Of a read: invocation `i` reads element `i` and no other. Default false. */
  readonly own?: boolean;
}

/** One dispatch. `name` and `variant` together determine the source: equal ones share a pipeline. */
export interface Launch {
  /** For people: profiles and errors show it. */
  readonly name: string;
  /** For people, where the name does not say enough: `unary exp`. */
  readonly label?: string;
  /** Whatever the source depends on besides the name and the bindings. Default none. */
  readonly variant?: string;
  readonly reads: readonly Binding[];
  readonly writes: readonly Binding[];
  /** Whole numbers of the launch; `p.<name>` in the shader, i32. */
  readonly ints?: Readonly<Record<string, number>>;
  /** `p.<name>` in the shader, f32. */
  readonly floats?: Readonly<Record<string, number>>;
  /** Functions and workgroup variables; equal ones stand in the source once. */
  readonly declarations?: () => readonly string[];
  /** Invocation `i` writes element `i` of each result and no other, and declarations know neither bindings nor parameters. Default false. */
  readonly pointwise?: boolean;
  /** Body of `main`. With `threads`: for each `i` below it. With `groups`: `group` (vec3i), `local` (vec3i) and `lane` (i32) are there. */
  readonly body: () => string;
  /** Invocations, in workgroups of 64. */
  readonly threads?: number;
  /** Workgroups, for bodies that choose their own form. */
  readonly groups?: readonly [number, number, number];
  /** Default `[64, 1, 1]`. */
  readonly groupSize?: readonly [number, number, number];
}

/** Workgroups of one-dimensional launches. */
export const flatGroup = 64;

const elementTypes: Record<WordType, string> = { f32: "f32", i32: "i32", u32: "u32", vec4f: "vec4<f32>", atomic: "atomic<i32>" };

/** What tells one pipeline from another. */
export function programKey({ name, variant = "", reads, writes }: Launch): string {
  let key = `${name}|${variant}`;
  for (const binding of reads) key += `|${binding.type}`;
  key += ">";
  for (const binding of writes) key += `|${binding.type}`;
  return key;
}

/** The whole shader of a launch. */
export function shaderSource({
  reads,
  writes,
  ints = {},
  floats = {},
  threads,
  groupSize = [flatGroup, 1, 1],
  declarations,
  body,
}: Launch): string {
  const fields = [
    ...(threads === undefined ? [] : ["threads: i32"]),
    ...Object.keys(ints).map((name) => `${name}: i32`),
    ...Object.keys(floats).map((name) => `${name}: f32`),
  ];
  const bindings = [...reads.map((binding) => ["read", binding] as const), ...writes.map((binding) => ["read_write", binding] as const)];
  return `
${fields.length === 0 ? "" : `struct Parameters { ${fields.join(", ")} }\n@group(0) @binding(0) var<uniform> p: Parameters;`}
${bindings.map(([access, { name, type }], i) => `@group(1) @binding(${i}) var<storage, ${access}> ${name}: array<${elementTypes[type]}>;`).join("\n")}
${[...new Set(declarations?.() ?? [])].join("\n")}
@compute @workgroup_size(${groupSize.join(", ")})
fn main(
  @builtin(global_invocation_id) globalId: vec3<u32>,
  @builtin(num_workgroups) groupCount: vec3<u32>,
  @builtin(workgroup_id) groupId: vec3<u32>,
  @builtin(local_invocation_id) localId: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
${
  threads === undefined
    ? "let group = vec3<i32>(groupId); let local = vec3<i32>(localId); let lane = i32(localIndex);"
    : `let i = i32(globalId.x + globalId.y * groupCount.x * ${flatGroup}u);\nif (i >= p.threads) { return; }`
}
${body()}
}`;
}

const floatWord = new Float32Array(1);
const floatBits = new Int32Array(floatWord.buffer);

/** Writes a launch's parameters into `words` from `at`, in the order of the shader's struct; returns their number. */
export function writeParameters({ ints = {}, floats = {}, threads }: Launch, words: Int32Array, at: number): number {
  let next = at;
  if (threads !== undefined) words[next++] = threads;
  for (const name in ints) words[next++] = ints[name]!;
  for (const name in floats) {
    floatWord[0] = floats[name]!;
    words[next++] = floatBits[0]!;
  }
  return next - at;
}
