/** Decoders of tokenizer.json: tokens back into text. Hugging Face tokenizers, `decoders`. */

import { UnsupportedError } from "@dl/core";
import { fromByteCharacters } from "./byte-alphabet.ts";
import { type JsonFields, wrong } from "./json-fields.ts";
import { patternOf } from "./pattern.ts";

/** Tokens as pieces of the text, to be joined. */
export type TokenDecoder = (tokens: readonly string[]) => string[];

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const strictUtf8 = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

export function tokenDecoder(fields: JsonFields): TokenDecoder {
  const type = fields.string("type");
  switch (type) {
    case "Sequence": {
      const steps = fields.list("decoders").map(tokenDecoder);
      return (tokens) => steps.reduce((current, step) => step(current), [...tokens]);
    }
    case "ByteLevel":
      return byteLevel;
    case "WordPiece":
      return wordPiece(fields.string("prefix", "##"), fields.boolean("cleanup", true));
    case "Metaspace": {
      const replacement = fields.string("replacement", "▁");
      const scheme = fields.choice(
        "prepend_scheme",
        ["always", "first", "never"],
        fields.boolean("add_prefix_space", true) ? "always" : "never",
      );
      // All marks of the first token, not only the one that was put there: tokenizers, `decoders/metaspace`.
      return (tokens) => tokens.map((token, i) => token.replaceAll(replacement, i === 0 && scheme !== "never" ? "" : " "));
    }
    case "BPEDecoder": {
      const suffix = fields.string("suffix", "</w>");
      return (tokens) => tokens.map((token, i) => token.replaceAll(suffix, i === tokens.length - 1 ? "" : " "));
    }
    case "ByteFallback":
      return byteFallback;
    case "Fuse":
      return (tokens) => [tokens.join("")];
    case "Strip":
      return strip(fields);
    case "Replace": {
      const pattern = patternOf(fields, "pattern");
      const content = fields.string("content");
      return (tokens) => tokens.map((token) => token.replaceAll(pattern, () => content));
    }
    case "CTC":
      return connectionist(fields);
    default:
      throw new UnsupportedError(`tokenizer.json: expected a known decoder at ${fields.path}, got ${type}.`);
  }
}

/** The bytes that the tokens write; a token that writes none, such as an added one, stands for its own text. */
const byteLevel: TokenDecoder = (tokens) => {
  const bytes: number[] = [];
  for (const token of tokens) for (const byte of fromByteCharacters(token) ?? new TextEncoder().encode(token)) bytes.push(byte);
  return [utf8.decode(Uint8Array.from(bytes))];
};

function wordPiece(prefix: string, cleanUp: boolean): TokenDecoder {
  return (tokens) =>
    tokens.map((token, i) => {
      const joined = i === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
      return cleanUp ? withoutOddSpaces(joined) : joined;
    });
}

/** Spaces before punctuation and within contractions taken out, as BERT's decoding does. */
function withoutOddSpaces(text: string): string {
  return text
    .replaceAll(" .", ".")
    .replaceAll(" ?", "?")
    .replaceAll(" !", "!")
    .replaceAll(" ,", ",")
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(" do not", " don't")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");
}

/** Tokens `<0x..>` in a row as the text their bytes write; bytes that write none become �, one each. */
const byteFallback: TokenDecoder = (tokens) => {
  const out: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length === 0) return;
    try {
      out.push(strictUtf8.decode(Uint8Array.from(bytes)));
    } catch {
      for (const _ of bytes) out.push("\ufffd");
    }
    bytes = [];
  };
  for (const token of tokens) {
    const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
    if (byte !== undefined) bytes.push(Number.parseInt(byte, 16));
    else {
      flush();
      out.push(token);
    }
  }
  flush();
  return out;
};

/** Up to `start` and `stop` copies of a character taken off the ends of every token. */
function strip(fields: JsonFields): TokenDecoder {
  const content = fields.string("content");
  const start = fields.count("start", 0);
  const stop = fields.count("stop", 0);
  if (content === "") throw wrong(`${fields.path}.content`, "a character", content);
  return (tokens) =>
    tokens.map((token) => {
      for (let i = 0; i < start && token.startsWith(content); i++) token = token.slice(content.length);
      for (let i = 0; i < stop && token.endsWith(content); i++) token = token.slice(0, -content.length);
      return token;
    });
}

/** Repeats and blanks taken out. Graves et al. 2006. */
function connectionist(fields: JsonFields): TokenDecoder {
  const blank = fields.string("pad_token", "<pad>");
  const delimiter = fields.string("word_delimiter_token", "|");
  const cleanUp = fields.boolean("cleanup", true);
  return (tokens) =>
    tokens
      .filter((token, i) => token !== tokens[i - 1])
      .map((token) => {
        const kept = token.replaceAll(blank, "");
        return cleanUp ? withoutOddSpaces(kept).replaceAll(delimiter, " ") : kept;
      })
      .filter((token) => token !== "");
}
