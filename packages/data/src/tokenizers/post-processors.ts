/** Post-processors of tokenizer.json: what is put around one text or a pair. Hugging Face tokenizers, `processors`. */

import { UnsupportedError } from "@dl/core";
import { byteCharacters } from "./byte-alphabet.ts";
import { type Encoding, emptyEncoding, joinEncodings, mapEncoding } from "./encoding.ts";
import { type JsonFields, wrong } from "./json-fields.ts";

export interface PostProcessor {
  /** Tokens put around one text, or a pair. */
  added(texts: 1 | 2): number;
  /** The parts of the whole, in order. */
  process(parts: readonly Encoding[], options: { addSpecialTokens: boolean }): Encoding[];
}

/** A step of a template: a text, or special tokens. */
type TemplateStep =
  | { readonly kind: "text"; readonly text: 0 | 1; readonly typeId: number }
  | { readonly kind: "special"; readonly ids: readonly number[]; readonly tokens: readonly string[]; readonly typeId: number };

/** Without a post-processor, a pair is its two texts, one after the other. */
export const plainProcessor: PostProcessor = { added: () => 0, process: (parts) => [...parts] };

export function postProcessor(fields: JsonFields): PostProcessor {
  const type = fields.string("type");
  switch (type) {
    case "TemplateProcessing":
      return templateProcessing(fields);
    case "BertProcessing": {
      const [start, end] = [specialPair(fields, "cls"), specialPair(fields, "sep")];
      return template([start(0), text(0, 0), end(0)], [start(0), text(0, 0), end(0), text(1, 1), end(1)]);
    }
    case "RobertaProcessing": {
      const [start, end] = [specialPair(fields, "cls"), specialPair(fields, "sep")];
      const around = template([start(0), text(0, 0), end(0)], [start(0), text(0, 0), end(0), end(0), text(1, 0), end(0)]);
      return fields.boolean("trim_offsets", true) ? sequence([trimOffsets(fields.boolean("add_prefix_space", true)), around]) : around;
    }
    case "ByteLevel":
      return fields.boolean("trim_offsets", true) ? trimOffsets(fields.boolean("add_prefix_space", true)) : plainProcessor;
    case "Sequence":
      return sequence(fields.list("processors").map(postProcessor));
    default:
      throw new UnsupportedError(`tokenizer.json: expected a known post-processor at ${fields.path}, got ${type}.`);
  }
}

function text(which: 0 | 1, typeId: number): TemplateStep {
  return { kind: "text", text: which, typeId };
}

/** `["[CLS]", 101]` */
function specialPair(fields: JsonFields, name: string): (typeId: number) => TemplateStep {
  const [token, id] = fields.array(name);
  if (typeof token !== "string" || typeof id !== "number") throw wrong(`${fields.path}.${name}`, "[token, id]", fields.array(name));
  return (typeId) => ({ kind: "special", ids: [id], tokens: [token], typeId });
}

function templateProcessing(fields: JsonFields): PostProcessor {
  const specials = fields.fields("special_tokens");
  const step = (entry: JsonFields): TemplateStep => {
    if (entry.has("Sequence")) {
      const inside = entry.fields("Sequence");
      return text(inside.choice("id", ["A", "B"]) === "A" ? 0 : 1, inside.count("type_id", 0));
    }
    const inside = entry.fields("SpecialToken");
    const special = specials.fields(inside.string("id"));
    const ids = special.array("ids").map((id, i) => {
      if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 0) throw wrong(`${special.path}.ids[${i}]`, "an id", id);
      return id;
    });
    const tokens = special.strings("tokens");
    if (tokens.length !== ids.length) throw wrong(`${special.path}.tokens`, `${ids.length} tokens`, tokens);
    return { kind: "special", ids, tokens, typeId: inside.count("type_id", 0) };
  };
  return template(fields.list("single").map(step), fields.list("pair").map(step));
}

function template(single: readonly TemplateStep[], pair: readonly TemplateStep[]): PostProcessor {
  const stepsFor = (texts: number): readonly TemplateStep[] => (texts === 1 ? single : pair);
  return {
    added: (texts) => stepsFor(texts).reduce((sum, step) => sum + (step.kind === "special" ? step.ids.length : 0), 0),
    process: (parts, { addSpecialTokens }) => {
      const whole: Encoding[] = [];
      for (const step of stepsFor(parts.length)) {
        if (step.kind === "text") whole.push(withType(parts[step.text] ?? emptyEncoding, step.typeId));
        else if (addSpecialTokens) whole.push(specialEncoding(step));
      }
      return whole;
    },
  };
}

function withType(encoding: Encoding, typeId: number): Encoding {
  return mapEncoding(encoding, (part) => ({ ...part, typeIds: part.ids.map(() => typeId) }));
}

function specialEncoding({ ids, tokens, typeId }: Extract<TemplateStep, { kind: "special" }>): Encoding {
  return {
    ids,
    tokens,
    typeIds: ids.map(() => typeId),
    attentionMask: ids.map(() => 1),
    specialTokensMask: ids.map(() => 1),
    offsets: ids.map(() => [0, 0] as const),
    wordIds: ids.map(() => null),
    sequenceIds: ids.map(() => null),
    overflowing: [],
  };
}

const startsWithSpaces = new RegExp(`^(?:${byteCharacters[0x20]}|\\p{White_Space})+`, "u");
const endsWithSpaces = new RegExp(`(?:${byteCharacters[0x20]}|\\p{White_Space})+$`, "u");

/** Offsets without the spaces that a byte-level token begins or ends with. */
function trimOffsets(prefixSpace: boolean): PostProcessor {
  const trim = (encoding: Encoding): Encoding => ({
    ...encoding,
    offsets: encoding.offsets.map(([start, end], i) => {
      const token = encoding.tokens[i]!;
      let leading = Array.from(startsWithSpaces.exec(token)?.[0] ?? "").length;
      const trailing = Array.from(endsWithSpaces.exec(token)?.[0] ?? "").length;
      // The space put in front of the text is no character of it; where there are more, they are the text's own.
      if (leading === 1 && prefixSpace && (i === 0 || start === 0)) leading = 0;
      const from = Math.min(start + leading, end);
      return [from, trailing > 0 && end >= trailing ? Math.max(end - trailing, from) : end] as const;
    }),
  });
  return { added: () => 0, process: (parts) => parts.map((part) => mapEncoding(part, trim)) };
}

function sequence(steps: readonly PostProcessor[]): PostProcessor {
  return {
    added: (texts) => steps.reduce((sum, step) => sum + step.added(texts), 0),
    process: (parts, options) => steps.reduce((current, step) => step.process(current, options), [...parts]),
  };
}

/** All of `parts` as one. */
export function assemble(processor: PostProcessor, parts: readonly Encoding[], options: { addSpecialTokens: boolean }): Encoding {
  return joinEncodings(processor.process(parts, options));
}
