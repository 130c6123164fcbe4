/** dl chat: a dialogue with a trained language model. */

import { createInterface } from "node:readline";
import { Rng } from "@dl/core";
import { Dialogue } from "@dl/transformer";
import { loadChatTemplate } from "@dl/transformer/node";
import { openNamedDevice } from "../backends.ts";
import { type Command, deviceOptions, deviceSettings, text, UsageError, wholeNumber } from "../command.ts";
import { Interrupt } from "../interrupt.ts";
import { loadLanguageModel, mannerOf, samplingOf, samplingOptions } from "../language-model.ts";

/** Lines as they are typed, behind a mark where somebody sits at a terminal; ends with the input, or at the signal. */
async function* typedLines(signal: AbortSignal): AsyncGenerator<string> {
  const { stdin, stderr } = process;
  const terminal = stdin.isTTY === true;
  const lines = createInterface({ input: stdin, ...(terminal && { output: stderr, prompt: "> " }), signal });
  // At a terminal Ctrl-C comes through here, not as a signal of the process.
  lines.on("SIGINT", () => process.emit("SIGINT"));
  if (terminal) lines.prompt();
  for await (const line of lines) {
    if (line.trim() !== "") yield line;
    if (terminal) lines.prompt();
  }
}

export const chat: Command = {
  name: "chat",
  summary: "Talk with a trained language model.",
  positionals: "<run folder> [message] …",
  details:
    "The folder of a run, or of any GPT-2 or Llama with a chat template that transformers saved. Messages are said one after the other; without any, each line of the input is one, until it ends. Where the dialogue grows beyond the context, the oldest turns are forgotten.",
  options: {
    system: { value: "TEXT", help: "What the model is told before the dialogue. Default nothing." },
    tokens: { value: "N", help: "Tokens of a reply at most. Default 128, or a quarter of the context." },
    ...samplingOptions,
    ...deviceOptions,
  },
  async run(args) {
    const [folder, ...messages] = args.positionals;
    if (folder === undefined) throw new UsageError("expected a run folder, got none.");
    const seed = wholeNumber(args, "seed", { least: 0, otherwise: 1 });
    const rng = new Rng(seed).fork("chat");
    const sample = samplingOf(args, rng);
    const settings = deviceSettings(args);
    const template = await loadChatTemplate(folder);
    const { model, tokenizer } = await loadLanguageModel(folder);
    using _ = model;
    const otherwise = Math.max(1, Math.min(128, Math.floor(model.options.context / 4)));
    const newTokens = wholeNumber(args, "tokens", { least: 1, otherwise });
    const system = text(args, "system");
    const manner = await mannerOf(folder, rng);
    await using device = await openNamedDevice(settings);
    using interrupt = new Interrupt();
    const { signal } = interrupt;
    const dialogue = new Dialogue({
      ...manner,
      ...{ model, tokenizer, template, device, newTokens, forgetOldest: true },
      ...(sample && { sample }),
      ...(system !== undefined && { messages: [{ role: "system", content: system }] }),
    });
    const json = args.values.json === true;
    const onText = (piece: string): void => void process.stdout.write(piece);
    try {
      for await (const content of messages.length > 0 ? messages : typedLines(signal)) {
        await dialogue.say(content, { signal, ...(!json && { onText }) });
        if (!json) process.stdout.write("\n");
      }
      if (signal.aborted) return interrupt.exitCode;
      if (json) console.log(JSON.stringify({ messages: dialogue.messages, device: device.name, seed }));
      return 0;
    } catch (error) {
      return interrupt.codeFor(error);
    }
  },
};
