/** Whether a model's `config.json` can say what the model was made with: otherwise it would be loaded again as another one. */

import { OptionError } from "@dl/core";
import { type JsonObject, ModelConfig } from "./config.ts";

type Read<O> = { readonly [Name in keyof O]?: O[Name] | undefined };

/** A model's options, as a configuration has them, and back. */
interface OptionsFile<O> {
  writeOptions(options: O): JsonObject;
  readOptions(config: ModelConfig): Read<O>;
}

/** @throws OptionError that names the options which, written and read again, are others. */
export function requireKept<O extends object>(options: O, { file, where }: { file: OptionsFile<O>; where: string }): void {
  const advice = "its config.json has no other. Leave out the family, or give the one that fits.";
  let read: Read<O>;
  try {
    read = file.readOptions(new ModelConfig(file.writeOptions(options), { file: where }));
  } catch (error) {
    throw new OptionError(`${error instanceof Error ? error.message.replace(/\.$/, "") : String(error)}: ${advice}`, { cause: error });
  }
  const lost = (Object.keys(read) as (keyof O & string)[]).filter((name) => JSON.stringify(read[name]) !== JSON.stringify(options[name]));
  if (lost.length === 0) return;
  const expected = lost.map((name) => `${name} ${String(read[name])}`).join(" and ");
  const got = lost.map((name) => String(options[name])).join(" and ");
  throw new OptionError(`${where}: expected ${expected}, got ${got}: ${advice}`);
}
