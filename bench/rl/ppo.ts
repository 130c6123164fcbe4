/**
 * PPO on CartPole, environment steps a second, beside PyTorch on the same machine:
 * `node --conditions=@dl/source --import tsx bench/rl/ppo.ts [python]`.
 */

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { wasm } from "@dl/backend-wasm";
import { openDevice, Rng } from "@dl/core";
import { cartPole, learn, Ppo, systemCopies } from "@dl/rl";

const python = process.argv[2];
const settings = [
  { name: "CleanRL's settings", copies: 4, rollout: 128, batch: 128, epochs: 4 },
  { name: "the Zoo's settings", copies: 8, rollout: 32, batch: 256, epochs: 20 },
];
const steps = 40_000;

for (const { name, copies, rollout, batch, epochs } of settings) {
  await using device = await openDevice(wasm({ threads: 1 }));
  using agent = new Ppo({
    environments: systemCopies(cartPole(), { count: copies }),
    device,
    rng: new Rng(1),
    totalSteps: 10 * steps,
    rolloutSteps: rollout,
    batchSize: batch,
    epochs,
    valueClip: 0.2,
    entropyWeight: 0.01,
    learningRate: 2.5e-4,
  });
  await learn(agent, { steps: 4096 });
  const from = agent.steps;
  const cpu = process.cpuUsage();
  const { seconds } = await learn(agent, { steps: from + steps });
  const { user, system } = process.cpuUsage(cpu);
  const done = agent.steps - from;
  console.log(
    `${name}: ${(done / seconds).toFixed(0)} steps/s, ${((1e6 * done) / (user + system)).toFixed(0)} a second of processor time, ${device.name}`,
  );
  if (python === undefined) continue;
  const peer = fileURLToPath(new URL("./peers/ppo_cartpole.py", import.meta.url));
  for (const threads of [1, 2]) {
    const result = JSON.parse(
      execFileSync(python, [peer, "20000", ...[copies, rollout, batch, epochs, threads].map(String)], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }),
    ) as { perSecond: number; perCpuSecond: number; torch: string };
    console.log(
      `  PyTorch ${result.torch}, ${threads} threads: ${result.perSecond.toFixed(0)} steps/s, ${result.perCpuSecond.toFixed(0)} a second of processor time: ${(done / seconds / result.perSecond).toFixed(1)} times slower`,
    );
  }
}
