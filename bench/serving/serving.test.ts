import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { percentile, runLoad } from "./load.ts";

/** Loads a server for a tenth of a second. */
async function loadOf(listener: RequestListener, clients: number) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/predict`;
    return await runLoad({ url, contentType: "image/png", body: Uint8Array.of(1, 2, 3), clients, seconds: 0.1 });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test("a percentile is one of the values: of a hundred, the ninety-ninth", () => {
  const values = Array.from({ length: 100 }, (_, i) => i + 1);
  expect([0.5, 0.95, 0.99, 1].map((share) => percentile(values, share))).toEqual([50, 95, 99, 100]);
  expect(percentile([7], 0.5)).toBe(7);
  expect(percentile([], 0.5)).toBeNaN();
});

test("every request is counted by its status, answers are timed, and never more come than there are clients", async () => {
  let [seen, atOnce, most] = [0, 0, 0];
  const result = await loadOf((asked, answer) => {
    most = Math.max(most, ++atOnce);
    const number = seen++;
    asked.resume().on("end", () =>
      setTimeout(() => {
        atOnce--;
        answer.writeHead(number % 3 === 2 ? 503 : 200).end("{}");
      }, 2),
    );
  }, 4);
  expect((result.statuses[200] ?? 0) + (result.statuses[503] ?? 0)).toBe(seen);
  expect(result.statuses[503] ?? 0).toBe(Math.floor(seen / 3));
  expect(result.lost).toBe(0);
  expect(result.milliseconds).toHaveLength(result.statuses[200]!);
  expect(result.milliseconds[0]).toBeGreaterThan(1);
  expect(result.milliseconds).toEqual([...result.milliseconds].sort((a, b) => a - b));
  expect(most).toBeLessThanOrEqual(4);
});

test("an answer that breaks off, or never comes, is lost", async () => {
  let seen = 0;
  const result = await loadOf((asked, answer) => {
    const number = seen++;
    asked.resume().on("end", () => {
      if (number % 2 === 0) asked.socket.destroy();
      else {
        answer.writeHead(200, { "content-length": 10 });
        answer.write("half");
        setTimeout(() => asked.socket.destroy(), 1);
      }
    });
  }, 2);
  expect(seen).toBeGreaterThan(0);
  expect(result).toMatchObject({ statuses: {}, lost: seen, milliseconds: [] });
});
