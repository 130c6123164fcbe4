import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpu } from "@dl/backend-cpu";
import { OptionError, openDevice, Rng, UnsupportedError } from "@dl/core";
import { afterAll, describe, expect, test } from "vitest";
import { generate, type TextModel } from "../generation/generate.ts";
import type { Pretrained } from "../huggingface/pretrained.ts";
import { EncoderDecoder } from "../models/encoder-decoder.ts";
import { Llama } from "../models/llama.ts";
import { T5 } from "../models/t5.ts";
import { fixturePath, readJson } from "../reference-fixture.ts";
import { loadFolder, saveFolder } from "./folder.ts";
import { generationDefaults, generationSettings } from "./generation-file.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-generation-"));
afterAll(() => rmSync(scratch, { recursive: true }));

interface Case {
  readonly folder: "bart" | "marian" | "t5" | "llama3";
  /** Of the folder's configuration; `absent` takes a setting away. */
  readonly changes: Readonly<Record<string, unknown>>;
  /** `generation_config.json`, where there is one. */
  readonly settings: Readonly<Record<string, unknown>> | null;
  readonly prompts: readonly (readonly number[])[];
  /** Of each prompt its texts, without prompt and start token. */
  readonly written: readonly (readonly (readonly number[])[])[];
}

/** A folder with these settings and the weights of the fixture. */
function folderOf(name: string, { folder, changes, settings }: Pick<Case, "folder" | "changes" | "settings">): string {
  const to = join(scratch, name);
  mkdirSync(to);
  const config: Record<string, unknown> = { ...readJson<object>(`${folder}/config.json`), ...changes };
  for (const [key, value] of Object.entries(config)) if (value === "absent") delete config[key];
  writeFileSync(join(to, "config.json"), JSON.stringify(config));
  cpSync(fixturePath(`${folder}/model.safetensors`), join(to, "model.safetensors"));
  if (settings) writeFileSync(join(to, "generation_config.json"), JSON.stringify(settings));
  return to;
}

const kinds = {
  bart: (path: string) => loadFolder(path, EncoderDecoder),
  marian: (path: string) => loadFolder(path, EncoderDecoder),
  t5: (path: string) => loadFolder(path, T5),
  llama3: (path: string) => loadFolder(path, Llama),
} satisfies Record<Case["folder"], (path: string) => Promise<TextModel & Pretrained>>;

test("a model saved with the settings of its folder writes as before, whether the folder is a new one or old", async () => {
  await using device = await openDevice(cpu());
  const cases = readJson<readonly Case[]>("generation_defaults.json");
  const fresh = cases.find(({ folder, settings }) => folder === "bart" && settings !== null)!;
  const inConfig = { num_beams: 3, no_repeat_ngram_size: 2, max_length: 9, forced_bos_token_id: 0, forced_eos_token_id: 2 };
  const old = { folder: "bart", changes: inConfig, settings: null, prompts: fresh.prompts } as const;
  for (const [name, each] of Object.entries({ fresh, old })) {
    const path = folderOf(`carried-${name}`, each);
    const to = join(scratch, `carried-${name}-to`);
    using model = await kinds[each.folder](path);
    const defaults = await generationDefaults(path);
    expect(Object.keys(defaults).length).toBeGreaterThan(2);
    await saveFolder(to, model, { generation: await generationSettings(path) });
    const again = await generationDefaults(to);
    const write = (settings: typeof defaults) => generate(model, each.prompts, { newTokens: 20, ...settings, device });
    expect(await write(again)).toEqual(await write(defaults));
  }
});

test("settings of generation that are another model's are not written", async () => {
  const path = folderOf("settings-of-bart", { folder: "bart", changes: {}, settings: null });
  using model = await kinds.bart(path);
  const to = join(scratch, "settings-to");
  await expect(saveFolder(to, model, { generation: { decoder_start_token_id: 9 } })).rejects.toThrow(
    /expected settings of generation of this model, whose decoder_start_token_id is 2, got 9/,
  );
  expect(existsSync(to)).toBe(false);
});

describe("the settings beside a model write what they write in transformers", () => {
  const cases = readJson<readonly Case[]>("generation_defaults.json");
  test.each(cases.map((each, i) => [`${each.folder} ${JSON.stringify(each.settings ?? each.changes)}`, each, i] as const))(
    "%s",
    async (_, each, i) => {
      const path = folderOf(`case-${i}`, each);
      await using device = await openDevice(cpu());
      using model = await kinds[each.folder](path);
      // Where no setting says, transformers writes 20 tokens.
      const texts = await generate(model, each.prompts, { newTokens: 20, ...(await generationDefaults(path)), device });
      expect(texts.map(({ ids }) => ids)).toEqual(each.written.flat().map((ids, place) => ids.slice(0, texts[place]!.ids.length)));
      // What transformers wrote beyond is padding.
      const pad = each.settings?.pad_token_id ?? model.options.padId;
      for (const [place, ids] of each.written.flat().entries()) {
        for (const id of ids.slice(texts[place]!.ids.length)) expect(id).toBe(pad);
      }
    },
  );
});

describe("settings that are not here", () => {
  const settingsOf = (name: string, settings: object) =>
    generationDefaults(folderOf(name, { folder: "bart", changes: {}, settings: settings as Case["settings"] }), { rng: new Rng(1) });

  test.each([
    [{ num_beam_groups: 2 }, /generation_config\.json: expected "num_beam_groups" to be 1, got 2/],
    [{ suppress_tokens: [3] }, /"suppress_tokens"/],
    [{ penalty_alpha: 0.6 }, /"penalty_alpha"/],
    [{ magic: 3 }, /expected settings that are known, got "magic"/],
    [{ num_beams: 2, do_sample: true }, /expected "do_sample" to be false/],
    [{ decoder_start_token_id: 9 }, /expected "decoder_start_token_id" to be 2, got 9/],
  ])("%j is refused by name", async (settings, message) => {
    const folder = JSON.stringify(settings);
    await expect(settingsOf(folder.replaceAll(/\W/g, ""), settings)).rejects.toThrow(message);
    await expect(settingsOf(`${folder.replaceAll(/\W/g, "")}2`, settings)).rejects.toThrow(UnsupportedError);
  });

  test("torn files and values of other kinds are named", async () => {
    await expect(settingsOf("ids", { eos_token_id: "2" })).rejects.toThrow(
      /expected "eos_token_id" to be a token id, or a list of them, got "2"/,
    );
    await expect(settingsOf("words", { bad_words_ids: [3] })).rejects.toThrow(
      /expected "bad_words_ids" to be a list of lists of token ids/,
    );
    const torn = folderOf("torn", { folder: "bart", changes: {}, settings: {} });
    writeFileSync(join(torn, "generation_config.json"), "{");
    await expect(generationDefaults(torn)).rejects.toThrow(/generation_config\.json: expected JSON/);
  });

  test("sampling needs an rng, and is as the file says", async () => {
    const folder = folderOf("sample", {
      ...{ folder: "llama3", changes: {} },
      settings: { do_sample: true, temperature: 0.6, top_p: 0.9, eos_token_id: [2, 14] },
    });
    await expect(generationDefaults(folder)).rejects.toThrow(OptionError);
    const rng = new Rng(1);
    expect(await generationDefaults(folder, { rng })).toEqual({
      endIds: [2, 14],
      sample: { rng, temperature: 0.6, topP: 0.9, topK: 50 },
    });
  });

  test("cutoffs are settings of drawing: read with it, nothing without; outside of 0 to 1 transformers has none", async () => {
    const rng = new Rng(1);
    const cutoffs = { epsilon_cutoff: 3e-4, eta_cutoff: 6e-4, top_k: 0 };
    expect(await settingsOf("cutoffs", { ...cutoffs, do_sample: true })).toEqual({
      sample: { rng, epsilonCutoff: 3e-4, etaCutoff: 6e-4 },
    });
    expect(await settingsOf("greedy", cutoffs)).toEqual({});
    expect(await settingsOf("whole", { epsilon_cutoff: 0, eta_cutoff: 1, top_k: 0, do_sample: true })).toEqual({ sample: { rng } });
  });
});
