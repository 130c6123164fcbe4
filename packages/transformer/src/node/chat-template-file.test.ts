import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rng } from "@dl/core";
import { afterAll, expect, test } from "vitest";
import { chatMl } from "../dialogue/chat-template.ts";
import { Llama } from "../models/llama.ts";
import { readJson } from "../reference-fixture.ts";
import { loadChatTemplate } from "./chat-template-file.ts";
import { saveFolder } from "./folder.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-chat-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const hello = [{ role: "user", content: "Hi" }];

function folderOf(name: string, config: object | string, files: Readonly<Record<string, string>> = {}): string {
  const folder = join(scratch, name);
  mkdirSync(join(folder, "additional_chat_templates"), { recursive: true });
  writeFileSync(join(folder, "tokenizer_config.json"), typeof config === "string" ? config : JSON.stringify(config));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  return folder;
}

test("a template is found where transformers of any age keeps it, with the tokens it names", async () => {
  const tokens = { bos_token: "<s>", eos_token: { content: "</s>", lstrip: false }, pad_token: null };
  const text = "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ pad_token }}";
  const shown = async (folder: string, name?: string) => (await loadChatTemplate(folder, name === undefined ? {} : { name })).render(hello);
  expect(await shown(folderOf("inside", { ...tokens, chat_template: text }))).toBe("<s>Hi</s>");
  const several = [
    { name: "default", template: text },
    { name: "tool_use", template: "tools: {{ messages[0].content }}" },
  ];
  const listed = folderOf("listed", { ...tokens, chat_template: several });
  expect(await shown(listed)).toBe("<s>Hi</s>");
  expect(await shown(listed, "tool_use")).toBe("tools: Hi");
  const beside = { "chat_template.jinja": "beside {{ eos_token }}", "additional_chat_templates/rag.jinja": "rag" };
  const file = folderOf("file", { ...tokens, chat_template: text }, beside);
  expect(await shown(file)).toBe("beside </s>");
  expect(await shown(file, "rag")).toBe("rag");
});

test("a folder without one, without one of that name, or with a torn one is told", async () => {
  await expect(loadChatTemplate(folderOf("none", {}))).rejects.toThrow(
    /none: expected a chat template in chat_template\.jinja or tokenizer_config\.json, got none/,
  );
  await expect(loadChatTemplate(join(scratch, "nowhere"))).rejects.toThrow(/expected a chat template/);
  await expect(loadChatTemplate(folderOf("one", { chat_template: chatMl }), { name: "rag" })).rejects.toThrow(
    /a chat template named "rag" in/,
  );
  await expect(loadChatTemplate(folderOf("torn", "{"))).rejects.toThrow(/tokenizer_config\.json: expected JSON/);
  await expect(loadChatTemplate(folderOf("odd", { chat_template: [{ name: "default" }] }))).rejects.toThrow(
    /a text or a list of \{ name, template \}, got/,
  );
});

test("saveFolder writes one", async () => {
  const { tokenizer } = readJson<{ tokenizer: object }>("chat_templates.json");
  using model = new Llama({
    vocabulary: 300,
    context: 16,
    size: 8,
    layers: 1,
    heads: 2,
    hidden: 8,
    bosId: 2,
    endId: 1,
    rng: new Rng(1),
  } as never);
  const folder = join(scratch, "saved");
  await saveFolder(folder, model, { tokenizer: JSON.stringify(tokenizer), chatTemplate: chatMl });
  expect(readFileSync(join(folder, "chat_template.jinja"), "utf8")).toBe(chatMl);
  expect((await loadChatTemplate(folder)).render(hello)).toBe("<|im_start|>user\nHi<|im_end|>\n");
});
