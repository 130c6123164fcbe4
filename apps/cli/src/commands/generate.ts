/** dl generate: text from a trained language model. */

import { Rng } from "@dl/core";
import { generate as goOn, StreamedText } from "@dl/transformer";
import { openNamedDevice } from "../backends.ts";
import { type Command, deviceOptions, deviceSettings, onlyPositional, text, UsageError, wholeNumber } from "../command.ts";
import { Interrupt } from "../interrupt.ts";
import { loadLanguageModel, mannerOf, samplingOf, samplingOptions } from "../language-model.ts";

export const generateCommand: Command = {
  name: "generate",
  summary: "Write text with a trained language model.",
  positionals: "<run folder>",
  details:
    "The folder of a run, or of any GPT-2 or Llama that transformers saved with its tokenizer.json. Of a generation_config.json, ends, bans and penalties count; how to draw say the options. Beyond its context, the model goes on from the last half of it.",
  options: {
    prompt: { value: "TEXT", help: "What the text begins with. Default: a line's end." },
    tokens: { value: "N", help: "Tokens to write. Default 256." },
    ...samplingOptions,
    ...deviceOptions,
  },
  async run(args) {
    const folder = onlyPositional(args, "run folder");
    const count = wholeNumber(args, "tokens", { least: 1, otherwise: 256 });
    const seed = wholeNumber(args, "seed", { least: 0, otherwise: 1 });
    const rng = new Rng(seed).fork("generate");
    const sample = samplingOf(args, rng);
    const settings = deviceSettings(args);
    const { model, tokenizer } = await loadLanguageModel(folder);
    using _ = model;
    const manner = await mannerOf(folder, rng);
    const prompt = text(args, "prompt") ?? "\n";
    const ids = [...tokenizer.encode(prompt).ids];
    if (ids.length === 0) throw new UsageError(`--prompt: expected text of the tokenizer's alphabet, got ${JSON.stringify(prompt)}.`);
    await using device = await openNamedDevice(settings);
    using interrupt = new Interrupt();
    const json = args.values.json === true;
    const start = performance.now();
    const first = ids.length;
    if (!json) process.stdout.write(tokenizer.decode(ids));
    const streamed = new StreamedText((ids) => tokenizer.decode(ids), ids);
    const onToken = ({ id }: { id: number }): void => {
      ids.push(id);
      const piece = streamed.push(id);
      if (!json) process.stdout.write(piece);
    };
    const { context } = model.options;
    try {
      let ended = false;
      while (!ended && ids.length - first < count) {
        const left = count - (ids.length - first);
        // All of it while it fits, then the last half of the context again and again.
        const seen = ids.length + left <= context ? ids : ids.slice(-Math.max(1, Math.floor(context / 2)));
        const newTokens = Math.min(left, context - seen.length);
        const [written] = await goOn(model, [[...seen]], {
          ...manner,
          ...{ device, newTokens, onToken, signal: interrupt.signal },
          ...(sample && { sample }),
        });
        ended = written!.reason === "end";
      }
      if (!json) process.stdout.write(streamed.end());
      const seconds = (performance.now() - start) / 1000;
      const tokens = ids.length - first;
      if (json) console.log(JSON.stringify({ text: tokenizer.decode(ids), tokens, seconds, device: device.name, seed }));
      else console.error(`\n${tokens} tokens in ${seconds.toFixed(1)} s, on ${device.name}`);
      return 0;
    } catch (error) {
      return interrupt.codeFor(error);
    }
  },
};
