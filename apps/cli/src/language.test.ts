import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rng } from "@dl/core";
import { Tokenizer } from "@dl/data";
import { Gpt2, nanoGptShakespeare } from "@dl/transformer";
import { saveFolder } from "@dl/transformer/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dlHere, startDl } from "./dl-fixture.ts";
import { charactersOf, characterTokenizer, encodeCharacters, randomWindows, windowSlots, windowsOf } from "./recipes/character-text.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-language-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const text = "To be, or not to be: that is the question.\n";
const characters = charactersOf(text);

describe("text as characters", () => {
  test("a tokenizer.json that gives the same ids, and the text back", () => {
    const tokenizer = Tokenizer.fromJson(characterTokenizer(characters));
    const ids = encodeCharacters(text, characters);
    expect([...tokenizer.encode(text).ids]).toEqual([...ids]);
    expect(tokenizer.decode([...ids])).toBe(text);
    expect(() => encodeCharacters("ß", characters)).toThrow(/expected known characters, got "ß" at 0/);
  });

  test("windows in a row predict every character once", () => {
    const ids = Int32Array.from({ length: 22 }, (_, i) => i);
    const windows = windowsOf(ids, 8);
    expect(windows.length).toBe(3);
    const predicted = Array.from({ length: 3 }, (_, i) => [...windows.get(i).ids.data.slice(1)]).flat();
    expect(predicted).toEqual(Array.from({ length: 21 }, (_, i) => i + 1));
    expect(() => windowsOf(ids.subarray(0, 7), 8)).toThrow(/at least 8 ids, got 7/);
  });

  test("random windows are pieces of the text, other ones for another stream", () => {
    const ids = Int32Array.from({ length: 50 }, (_, i) => i);
    const fill = (seed: number): number[] => {
      const batch = { ids: { data: new Int32Array(3 * 5), shape: [3, 5], dtype: "int32" as const } };
      randomWindows(ids)(batch, { indices: Int32Array.of(0, 1, 2), rng: (row) => new Rng(seed).fork(`${row}`) });
      return [...batch.ids.data];
    };
    const drawn = fill(1);
    for (const row of [0, 1, 2]) for (let i = 1; i < 5; i++) expect(drawn[row * 5 + i]).toBe(drawn[row * 5]! + i);
    expect(fill(2)).not.toEqual(drawn);
    expect(windowSlots({ count: 4, size: 5 }).get(0).ids.shape).toEqual([5]);
  });
});

const folder = join(scratch, "model");

describe("dl generate", () => {
  beforeAll(async () => {
    using model = new Gpt2({ ...nanoGptShakespeare, vocabulary: characters.length, size: 32, context: 16, layers: 1, rng: new Rng(1) });
    mkdirSync(folder);
    await saveFolder(folder, model, { tokenizer: characterTokenizer(characters) });
  });

  test("writes as many tokens as asked for, also beyond the context; the same for the same seed", async () => {
    const words = ["generate", folder, "--prompt", "To be", "--tokens", "40", "--backend", "cpu", "--json"];
    const first = await dlHere(...words);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    const line = JSON.parse(first.stdout) as { text: string; tokens: number };
    expect(line.tokens).toBe(40);
    expect(line.text).toHaveLength(45);
    expect(line.text.startsWith("To be")).toBe(true);
    const again = JSON.parse((await dlHere(...words)).stdout) as { text: string };
    expect(again.text).toBe(line.text);
    const other = JSON.parse((await dlHere(...words, "--seed", "2")).stdout) as { text: string };
    expect(other.text).not.toBe(line.text);
  });

  test("ends when nobody reads on, in silence", async () => {
    const running = startDl(["generate", folder, "--prompt", "To be", "--tokens", "1000000", "--backend", "cpu"]);
    running.process.stdout!.once("data", () => running.process.stdout!.destroy());
    expect(await running.ended).toMatchObject({ code: 141, stderr: "" });
  });

  test("ends where the folder's generation_config.json says", async () => {
    const ending = join(scratch, "ending");
    cpSync(folder, ending, { recursive: true });
    const ids = Array.from(characters, (_, id) => id);
    writeFileSync(join(ending, "generation_config.json"), JSON.stringify({ eos_token_id: ids, do_sample: true, top_p: 0.9 }));
    const { stdout } = await dlHere("generate", ending, "--prompt", "To be", "--tokens", "40", "--backend", "cpu", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ tokens: 1 });
  });

  test("a folder without a tokenizer, a prompt of unknown characters, a model that writes no text", async () => {
    expect(await dlHere("generate", folder, "--prompt", "ßß")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--prompt: expected text/),
    });
    const empty = join(scratch, "empty");
    mkdirSync(empty);
    writeFileSync(join(empty, "config.json"), readFileSync(join(folder, "config.json")));
    expect(await dlHere("generate", empty)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/tokenizer\.json: expected a tokenizer, got ENOENT/),
    });
    writeFileSync(join(empty, "config.json"), '{"model_type":"bert"}');
    expect(await dlHere("generate", empty)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/expected "model_type" to be one of gpt2, llama/),
    });
    expect(readdirSync(empty)).toEqual(["config.json"]);
  });
});

describe("dl chat", () => {
  const talkative = join(scratch, "talkative");
  beforeAll(() => {
    cpSync(folder, talkative, { recursive: true });
    writeFileSync(join(talkative, "chat_template.jinja"), "{% for m in messages %}{{ m.content }}\n{% endfor %}");
  });

  test("says each message behind the replies before it; the same for the same seed", async () => {
    const words = ["chat", talkative, "To", "be", "--tokens", "6", "--backend", "cpu", "--json"];
    const { code, stdout } = await dlHere(...words);
    expect(code).toBe(0);
    const { messages } = JSON.parse(stdout) as { messages: { role: string; content: string }[] };
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
    expect(messages.filter(({ role }) => role === "user").map(({ content }) => content)).toEqual(["To", "be"]);
    expect(JSON.parse((await dlHere(...words)).stdout)).toMatchObject({ messages });
    expect(JSON.parse((await dlHere(...words, "--seed", "2")).stdout).messages).not.toEqual(messages);
  });

  test("lines of the input are messages, until it ends", async () => {
    const running = startDl(["chat", talkative, "--tokens", "4", "--backend", "cpu"], {}, "To be\n\nor not\n");
    const { code, stdout, stderr } = await running.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    // Two replies, each with a line's end of its own.
    expect(stdout.endsWith("\n")).toBe(true);
    const said = JSON.parse((await dlHere("chat", talkative, "To be", "or not", "--tokens", "4", "--backend", "cpu", "--json")).stdout);
    const [first, second] = said.messages.filter(({ role }: { role: string }) => role === "assistant") as { content: string }[];
    expect(stdout.replace(/\s/g, "")).toBe(`${first!.content}${second!.content}`.replace(/\s/g, ""));
  });

  test("a folder without a chat template, or no folder, is told", async () => {
    expect(await dlHere("chat", folder, "Hi")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/expected a chat template in chat_template\.jinja/),
    });
    expect(await dlHere("chat")).toMatchObject({ code: 2, stderr: expect.stringMatching(/expected a run folder, got none/) });
  });
});

describe("dl explain, of a text", () => {
  test("the attention of each head, and what each layer would say, as pages", async () => {
    const words = ["explain", folder, "To be", "--backend", "cpu", "--json"];
    for (const [method, layers] of [
      ["attention", 1],
      ["logit-lens", 2],
    ] as const) {
      const out = join(scratch, `${method}.html`);
      const { code, stdout } = await dlHere(...words, "--method", method, "--out", out);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ method, tokens: [..."To be"], layers, file: out });
      expect(readFileSync(out, "utf8")).toContain(method === "attention" ? "layer 1, head 4" : "<th>layer 1</th>");
    }
    expect(await dlHere(...words, "--method", "attention", "--out", "a.png")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--out: expected a file that ends in \.html/),
    });
  });
});
