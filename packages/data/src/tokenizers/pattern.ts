/** What a splitter or replacer of tokenizer.json looks for: a plain string, or a regular expression. */

import { type JsonFields, wrong } from "./json-fields.ts";
import { fromOniguruma } from "./oniguruma.ts";

/** `{ "String": … }` as a string, `{ "Regex": … }` as an expression. */
export function patternOf(fields: JsonFields, name: string): string | RegExp {
  const pattern = fields.fields(name);
  if (pattern.has("String")) return pattern.string("String");
  if (pattern.has("Regex")) return fromOniguruma(pattern.string("Regex"));
  throw wrong(pattern.path, '{ "String": … } or { "Regex": … }', pattern.object);
}
