/**
 * A contestant in headless Chromium, in a Web Worker of a page that is cross-origin isolated, as a site that wants threads would be. This
 * program bundles the worker, serves it, and passes questions on.
 */

import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import { chromium } from "playwright-core";
import { build } from "vite";
import type { WorkQuestion } from "./answering.ts";
import { peakBytesBelow } from "./peak-bytes.ts";
import type { Answers, Failure, Greeting } from "./protocol.ts";
import { serveAnswers } from "./serve.ts";

const [program, options] = process.argv.slice(2) as [string, string];

/** The worker and what it is made of, by address. */
async function bundle(): Promise<Map<string, string>> {
  const result = await build({
    configFile: false,
    logLevel: "error",
    resolve: { conditions: ["@dl/source", "module", "browser", "development|production"] },
    build: {
      write: false,
      minify: false,
      target: "es2022",
      rollupOptions: { input: program, output: { entryFileNames: "worker.js", format: "es" } },
    },
  });
  const outputs = [result].flat() as { output: { type: string; fileName: string; code?: string }[] }[];
  return new Map(outputs.flatMap(({ output }) => output.flatMap(({ fileName, code }) => (code ? [[`/${fileName}`, code] as const] : []))));
}

/** `tell` starts the worker, or hands it a question, and gives its next message. */
const page = `<!doctype html><link rel="icon" href="data:,"><title>bench</title><script>
let worker;
const tell = ({ start, question }) => new Promise((resolve) => {
  worker ??= new Worker("/worker.js", { type: "module", name: start });
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = ({ message }) => resolve({ error: message });
  if (question) worker.postMessage(question);
});
</script>`;

/** Where the weights and inputs of the question at hand lie. */
let exchange = "";
const files = await bundle();
const server = createServer(async (request, response) => {
  const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
  try {
    if (request.url === "/exchange" && request.method === "PUT") {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      await writeFile(exchange, Buffer.concat(parts));
      response.writeHead(204, headers).end();
      return;
    }
    if (request.url === "/exchange") {
      response.writeHead(200, headers).end(await readFile(exchange));
      return;
    }
    const code = files.get(request.url ?? "");
    response.writeHead(200, { ...headers, "Content-Type": code ? "text/javascript" : "text/html" }).end(code ?? page);
  } catch (error) {
    response.writeHead(500, headers).end(String(error));
  }
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
  // The garbage of one round is collected before the next, as in Node.
  args: ["--no-sandbox", "--enable-unsafe-webgpu", "--js-flags=--expose-gc"],
});
try {
  const tab = await browser.newPage();
  await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const tell = (message: { start: string } | { question: WorkQuestion }): Promise<unknown> =>
    tab.evaluate(`tell(${JSON.stringify(message)})`);
  const greeting = (await tell({ start: options })) as Greeting | Failure;
  if ("error" in greeting) console.log(JSON.stringify(greeting));
  else {
    const versions = { ...greeting.versions, Chromium: browser.version() };
    await serveAnswers(
      { device: greeting.device, versions },
      {
        memory: () => peakBytesBelow(process.pid),
        work: async (question) => {
          if (question.ask === "prepare") exchange = question.exchange;
          const answer = (await tell({ question })) as Answers[WorkQuestion["ask"]] | Failure;
          if ("error" in answer) throw new Error(`${basename(program)}: ${answer.error}`);
          return answer;
        },
      },
    );
  }
} finally {
  await browser.close();
  server.close();
}
