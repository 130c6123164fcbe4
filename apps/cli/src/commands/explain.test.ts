import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeImage } from "@dl/data";
import { encodePng } from "@dl/train";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dlHere } from "../dl-fixture.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-explain-"));
const at = (name: string): string => join(scratch, name);
const device = ["--threads", "1", "--json"] as const;

beforeAll(async () => {
  // A one: an upright stroke.
  const data = Uint8Array.from({ length: 28 * 28 }, (_, i) => (Math.abs((i % 28) - 14) < 2 && i >= 4 * 28 && i < 24 * 28 ? 255 : 0));
  writeFileSync(at("one.png"), encodePng({ width: 28, height: 28, channels: 1, data }));
  const words = ["train", "lenet-mnist", "--limit", "600", "--epochs", "2", "--batch-size", "16", "--out", at("run"), ...device];
  expect(await dlHere(...words)).toMatchObject({ code: 0 });
}, 120_000);
afterAll(() => rmSync(scratch, { recursive: true }));

interface Told {
  readonly method: string;
  readonly class: string;
  readonly probability: number;
  readonly file: string;
}

async function explain(...words: string[]): Promise<Told> {
  const { code, stdout, stderr } = await dlHere("explain", at("run"), at("one.png"), ...words, ...device);
  expect({ code, words, stderr }).toMatchObject({ code: 0 });
  return JSON.parse(stdout) as Told;
}

/** Colour is heat: the picture below it is grey. */
function colouredShare(file: Uint8Array): number {
  const { width, height, channels, data } = decodeImage(file, { name: "overlay" });
  expect([width, height, channels]).toEqual([280, 280, 3]);
  let coloured = 0;
  for (let i = 0; i < data.length; i += 3) if (data[i] !== data[i + 1] || data[i + 1] !== data[i + 2]) coloured++;
  return coloured / (280 * 280);
}

const hashOf = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

const methods = [
  ...["grad-cam", "grad-cam++", "saliency", "input-times-gradient", "integrated-gradients", "smooth-grad"],
  ...["guided-backprop", "occlusion", "lime", "kernel-shap"],
];

test("every method writes a picture of its own: heat in colour over the image", async () => {
  const pictures = new Map<string, string>();
  for (const method of methods) {
    const told = await explain("--method", method);
    expect(told).toMatchObject({ method, class: "1", file: at(`one.${method}.png`) });
    expect(told.probability).toBeGreaterThan(0.1);
    expect(told.probability).toBeLessThanOrEqual(1);
    expect(colouredShare(readFileSync(told.file)), method).toBeGreaterThan(0.01);
    pictures.set(hashOf(told.file), method);
  }
  expect([...pictures.values()]).toEqual(methods);
  // No method besides these, and those for texts.
  const { stderr } = await dlHere("explain", at("run"), at("one.png"), "--method", "tea-leaves");
  expect(stderr).toContain(`--method: expected ${methods.join(", ")}, attention, logit-lens, got "tea-leaves"`);
});

test("another class and another layer are other pictures", async () => {
  const plain = await explain("--out", at("plain.png"), "--method", "grad-cam");
  const same = await explain("--out", at("same.png"), "--class", "1", "--layer", "conv2");
  expect(same).toMatchObject({ class: "1", probability: plain.probability });
  const layer = await explain("--out", at("layer.png"), "--layer", "conv1");
  const seven = await explain("--out", at("seven.png"), "--class", "7", "--method", "saliency");
  const one = await explain("--out", at("one-again.png"), "--class", "1", "--method", "saliency");
  expect(seven.class).toBe("7");
  expect(seven.probability).toBeLessThan(one.probability);
  expect(hashOf(same.file)).toBe(hashOf(plain.file));
  expect(hashOf(layer.file)).not.toBe(hashOf(plain.file));
  expect(hashOf(seven.file)).not.toBe(hashOf(one.file));
});

test("a page shows the image beside its explanation", async () => {
  const { file, probability } = await explain("--method", "occlusion", "--out", at("page.html"));
  const page = readFileSync(file, "utf8");
  const shares = [...page.matchAll(/src="data:image\/png;base64,([^"]+)"/g)].map(([, text]) => colouredShare(Buffer.from(text!, "base64")));
  expect(shares).toHaveLength(2);
  expect(shares[0]).toBe(0);
  expect(shares[1]).toBeGreaterThan(0.01);
  expect(page).toContain(`<figcaption>1 ${(100 * probability).toFixed(1)} %, occlusion</figcaption>`);
});

test.each([
  [["--class", "eleven"], /--class: expected one of 0, 1, .* got "eleven"/],
  [["--layer", "conv9"], /expected a layer of the model \(conv1, conv2.*\), got "conv9"/],
  [["--layer", "fc1"], /expected a layer with images \[B, h, w, C\] out, got \[1, /],
  [["--layer", "conv1", "--method", "lime"], /--layer: expected it with grad-cam or grad-cam\+\+, got it with lime/],
  [["--out", "map.gif"], /--out: expected a file that ends in \.png or \.html, got "map\.gif"/],
])("what cannot be is refused: %j", async (words, message) => {
  const ended = await dlHere("explain", at("run"), at("one.png"), ...words, "--threads", "1");
  expect(ended.code).not.toBe(0);
  expect(ended.stderr).toMatch(message);
});
