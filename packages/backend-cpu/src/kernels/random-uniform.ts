/** Uniform random floats from the key's stream. */

import { randomWords, wordToUnit } from "@dl/core";
import type { Floats, Memory } from "../memory.ts";

export function randomUniform(memory: Memory, key0: number, key1: number, length: number): Floats {
  const words = randomWords(key0, key1, length);
  const out = memory.floats(length);
  for (let i = 0; i < length; i++) out[i] = wordToUnit(words[i]!);
  return out;
}
