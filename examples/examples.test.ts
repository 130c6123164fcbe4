import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Runs an example as a user does, in its seconds-long mode, without a network. */
async function run(file: string): Promise<string> {
  const inputs = ["--conditions=@dl/source", "--import", "tsx", `examples/${file}`, "--quick"];
  const { stdout } = await promisify(execFile)(process.execPath, inputs, { cwd: root });
  return stdout.trimEnd();
}

/** The number after `label` in the last line. */
function last(output: string, label: string): number {
  const line = output.split("\n").at(-1)!;
  expect(line).toContain(label);
  return Number.parseFloat(line.slice(line.indexOf(label) + label.length));
}

/** What the last line of each must say. Chance is a tenth. */
const claims: Readonly<Record<string, (output: string) => void>> = {
  "mnist.ts": (output) => expect(last(output, "test accuracy")).toBeGreaterThan(0.9),
  "fit.ts": (output) => expect(last(output, "finished: test accuracy")).toBeGreaterThan(0.9),
  // With the true gradient of the signs it stays at chance.
  "custom-op.ts": (output) => expect(last(output, "test accuracy")).toBeGreaterThan(0.5),
  // Means of 256 points, averaged over some twenty steps, wander by hundredths.
  "gradient-penalty.ts": (output) => expect(Math.abs(last(output, "distance") - last(output, "in theory"))).toBeLessThan(0.2),
  // All ground would be a quarter of its share.
  "segmentation.ts": (output) => expect(last(output, "mean intersection over union")).toBeGreaterThan(0.7),
  "detection.ts": (output) => expect(last(output, "at an overlap of one half")).toBeGreaterThan(0.4),
  "forecast.ts": (output) => {
    expect(last(output, "mean absolute error")).toBeLessThan(0.8 * last(output, "of the day before"));
    expect(last(output, "mean absolute error")).toBeLessThan(0.8 * last(output, "of the last value"));
  },
  // Five seeds gain three to seven points over chance choices.
  "few-labels.ts": (output) => {
    expect(last(output, "where unsure")).toBeGreaterThan(last(output, "at random") + 0.02);
    expect(last(output, "with its own labels")).toBeGreaterThan(last(output, "where unsure") - 0.01);
  },
  "pix2pix.ts": (output) => expect(last(output, "distance")).toBeLessThan(0.6 * last(output, "of the outlines")),
  "cyclegan.ts": (output) => expect(last(output, "distance")).toBeLessThan(0.6 * last(output, "of the red ones")),
  "gan.ts": (output) => expect(last(output, "clouds found")).toBeGreaterThanOrEqual(7),
  "resume.ts": (output) => {
    expect(output).toMatch(/^first half: stopped after 12 steps$/m);
    expect(output).toMatch(/weights are the same bits, and moved since the interruption$/);
  },
};

test("every example is tested", () => {
  const scripts = readdirSync(new URL(".", import.meta.url)).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  expect(scripts.filter((file) => file !== "bars.ts").sort()).toEqual(Object.keys(claims).sort());
});

test.each(Object.entries(claims))("%s does what it says", async (file, claim) => {
  claim(await run(file));
});
