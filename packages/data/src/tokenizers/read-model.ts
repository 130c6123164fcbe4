/** The `model` of a tokenizer.json. */

import { UnsupportedError } from "@dl/core";
import { bpe } from "./bpe.ts";
import { type JsonFields, wrong } from "./json-fields.ts";
import { unigram } from "./unigram.ts";
import type { TokenModel } from "./word-level.ts";
import { wordLevel } from "./word-level.ts";
import { wordPiece } from "./word-piece.ts";

/** The kind of model; old files do not say it, but their fields do. */
export function modelType(fields: JsonFields): string {
  if (fields.has("type")) return fields.string("type");
  if (fields.has("merges")) return "BPE";
  if (Array.isArray(fields.object.vocab)) return "Unigram";
  return fields.has("max_input_chars_per_word") ? "WordPiece" : "WordLevel";
}

export function readModel(fields: JsonFields): TokenModel {
  const type = modelType(fields);
  switch (type) {
    case "BPE":
      // Dropout is for training a language model; what a tokenizer says must not depend on chance.
      if (fields.has("dropout") && fields.number("dropout") !== 0) {
        throw new UnsupportedError("tokenizer.json: expected no BPE dropout, got one. Set model.dropout to null.");
      }
      return bpe({
        vocabulary: vocabularyOf(fields),
        merges: mergesOf(fields),
        unknownToken: optional(fields, "unk_token"),
        continuingPrefix: optional(fields, "continuing_subword_prefix"),
        endOfWordSuffix: optional(fields, "end_of_word_suffix"),
        fuseUnknown: fields.boolean("fuse_unk", false),
        byteFallback: fields.boolean("byte_fallback", false),
        ignoreMerges: fields.boolean("ignore_merges", false),
      });
    case "WordPiece":
      return wordPiece({
        vocabulary: vocabularyOf(fields),
        unknownToken: fields.string("unk_token", "[UNK]"),
        continuingPrefix: fields.string("continuing_subword_prefix", "##"),
        maximumCharacters: fields.count("max_input_chars_per_word", 100),
      });
    case "WordLevel":
      return wordLevel({ vocabulary: vocabularyOf(fields), unknownToken: fields.string("unk_token", "<unk>") });
    case "Unigram": {
      const pieces = fields.array("vocab").map((entry, i): [string, number] => {
        const [piece, score] = Array.isArray(entry) ? (entry as unknown[]) : [];
        if (typeof piece !== "string" || typeof score !== "number") throw wrong(`${fields.path}.vocab[${i}]`, "[piece, score]", entry);
        return [piece, score];
      });
      const unknownId = fields.has("unk_id") ? fields.count("unk_id") : undefined;
      if (unknownId !== undefined && unknownId >= pieces.length) throw wrong(`${fields.path}.unk_id`, `below ${pieces.length}`, unknownId);
      return unigram({ pieces, unknownId, byteFallback: fields.boolean("byte_fallback", false) });
    }
    default:
      throw new UnsupportedError(`tokenizer.json: expected a model of type BPE, WordPiece, WordLevel or Unigram, got ${type}.`);
  }
}

function optional(fields: JsonFields, name: string): string | undefined {
  return fields.has(name) ? fields.string(name) : undefined;
}

function vocabularyOf(fields: JsonFields): Map<string, number> {
  const { object, path } = fields.fields("vocab");
  const vocabulary = new Map<string, number>();
  for (const [token, id] of Object.entries(object)) {
    if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 0 || id >= 2 ** 26)
      throw wrong(`${path}[${JSON.stringify(token)}]`, "an id", id);
    vocabulary.set(token, id);
  }
  return vocabulary;
}

/** Pairs, written as arrays or, in older files, with a space between. */
function mergesOf(fields: JsonFields): [string, string][] {
  return fields.array("merges").map((entry, i) => {
    const pair: readonly unknown[] = typeof entry === "string" ? entry.split(" ") : Array.isArray(entry) ? entry : [];
    if (pair.length !== 2 || typeof pair[0] !== "string" || typeof pair[1] !== "string") {
      throw wrong(`${fields.path}.merges[${i}]`, "a pair of tokens", entry);
    }
    return [pair[0], pair[1]];
  });
}
