import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { dlHere } from "../dl-fixture.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-inspect-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const images = fileURLToPath(new URL("../../../../packages/data/fixtures/images", import.meta.url));

test("dl inspect data names damaged files, counts classes and writes a page", async () => {
  const html = join(scratch, "report.html");
  const { code, stdout, stderr } = await dlHere("inspect", "data", images, "--size", "16", "--html", html);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("all: 17 examples");
  expect(stdout).toContain("damaged 4");
  expect(stdout).toMatch(/truncated\.jpg to be a whole JPEG/);
  expect(readFileSync(html, "utf8")).toContain("data:image/png;base64,");
  const json = await dlHere("inspect", "data", images, "--json", "--limit", "5", "--no-label-noise");
  expect(JSON.parse(json.stdout).splits[0].examples).toBe(5);
});

test("what is no data set says what is", async () => {
  for (const words of [["inspect"], ["inspect", "model", images], ["inspect", "data"], ["inspect", "data", join(scratch, "none")]]) {
    const { code, stderr } = await dlHere(...words);
    expect(code).toBe(2);
    expect(stderr).toMatch(/expected/);
  }
});
