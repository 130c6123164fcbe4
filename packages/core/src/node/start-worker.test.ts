import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { startWorker } from "./index.ts";

test("a worker in TypeScript beside its .js name, and one in JavaScript that imports TypeScript, both run and get their data", async () => {
  const folder = await mkdtemp(join(tmpdir(), "dl-worker-"));
  const at = (name: string): URL => pathToFileURL(join(folder, name));
  const answer = `import { parentPort, workerData } from "node:worker_threads";
console.log("not shown");
parentPort.postMessage(workerData.greeting + workerData.entry.slice(workerData.entry.lastIndexOf("/")));\n`;
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(join(folder, "own.ts"), `const typed: number = 1;\nvoid typed;\n${answer}`);
  await writeFile(join(folder, "user.ts"), `export const greeting: string = "from the user ";\n`);
  await writeFile(
    join(folder, "plain.js"),
    `import { parentPort } from "node:worker_threads";\nimport("./user.ts").then(({ greeting }) => parentPort.postMessage(greeting));\n`,
  );
  const said = async (...words: Parameters<typeof startWorker>): Promise<unknown> => {
    const worker = startWorker(...words);
    const message = await new Promise<unknown>((resolve, reject) => {
      worker.on("message", resolve);
      worker.on("error", reject);
    });
    await worker.terminate();
    return message;
  };
  try {
    expect(await said(at("own.js"), { from: at("caller.ts").href, data: { greeting: "hello" }, execArgv: [], quiet: true })).toBe(
      "hello/own.ts",
    );
    expect(await said(at("plain.js"), { from: at("caller.js").href, data: {}, module: at("user.ts").href, execArgv: [] })).toBe(
      "from the user ",
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
