/**
 * SAC's gradient steps a second, beside PyTorch on the same machine:
 * `node --conditions=@dl/source --import tsx bench/rl/sac.ts [python]`.
 */

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { wasm } from "@dl/backend-wasm";
import { openDevice, Rng } from "@dl/core";
import { Box, Sac, type VectorEnvironment } from "@dl/rl";

const python = process.argv[2];
const batch = 256;
for (const { width, observation, action, threads } of [
  { width: 64, observation: 3, action: 1, threads: 1 },
  { width: 256, observation: 17, action: 6, threads: 1 },
  { width: 256, observation: 17, action: 6, threads: 2 },
]) {
  await using device = await openDevice(wasm({ threads }));
  const never = (): never => {
    throw new Error("only updates are measured");
  };
  const environments: VectorEnvironment = {
    name: "none",
    count: 1,
    observationSpace: new Box({ shape: [observation], low: -Infinity, high: Infinity }),
    actionSpace: new Box({ shape: [action], low: -1, high: 1 }),
    reset: never,
    step: never,
  };
  const rng = new Rng(1);
  using agent = new Sac({ environments, device, rng, hidden: [width, width], batchSize: batch, totalSteps: 10_000 });
  for (let i = 0; i < 10_000; i++) {
    agent.buffer.add({
      observation: rng.normal([observation]).data,
      action: rng.uniform([action], -1, 1).data,
      reward: rng.float(),
      nextObservation: rng.normal([observation]).data,
      discount: 0.99,
    });
  }
  const updates = width === 64 ? 600 : 200;
  for (let i = 0; i < 30; i++) await agent.update(agent.buffer.sample(rng, batch));
  const begun = performance.now();
  const cpu = process.cpuUsage();
  for (let i = 0; i < updates; i++) await agent.update(agent.buffer.sample(rng, batch));
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  console.log(
    `two layers of ${width}, batch ${batch}: ${(updates / seconds).toFixed(0)} updates/s, ${((1e6 * updates) / (user + system)).toFixed(0)} a second of processor time, ${device.name}`,
  );
  if (python === undefined) continue;
  const peer = fileURLToPath(new URL("./peers/sac_update.py", import.meta.url));
  const result = JSON.parse(
    execFileSync(python, [peer, ...[updates, width, batch, observation, action, threads].map(String)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }),
  ) as { perSecond: number; perCpuSecond: number; torch: string };
  console.log(
    `  PyTorch ${result.torch}, ${threads} threads: ${result.perSecond.toFixed(0)} updates/s, ${result.perCpuSecond.toFixed(0)} a second of processor time: ${(updates / seconds / result.perSecond).toFixed(1)} times slower`,
  );
}
