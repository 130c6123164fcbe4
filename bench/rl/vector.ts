/**
 * Raw steps of many CartPoles a second, beside Gymnasium's SyncVectorEnv on the same machine:
 * `node --conditions=@dl/source --import tsx bench/rl/vector.ts [python]`.
 */

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Rng } from "@dl/core";
import { cartPole, systemCopies } from "@dl/rl";

const python = process.argv[2];
for (const count of [8, 1024]) {
  const worlds = systemCopies(cartPole(), { count });
  worlds.reset(new Rng(1));
  const actions = Float32Array.from({ length: count }, (_, i) => i % 2);
  const run = (rounds: number): void => {
    for (let i = 0; i < rounds; i++) worlds.step(actions);
  };
  run(Math.ceil(200_000 / count));
  const rounds = Math.ceil(2_000_000 / count);
  const begun = performance.now();
  const cpu = process.cpuUsage();
  run(rounds);
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const perSecond = (count * rounds) / seconds;
  console.log(
    `${count} copies: ${(perSecond / 1e6).toFixed(2)} million steps/s, ${((count * rounds) / (user + system)).toFixed(2)} million a second of processor time`,
  );
  if (python === undefined) continue;
  const peer = fileURLToPath(new URL("./peers/vector_cartpole.py", import.meta.url));
  const result = JSON.parse(
    execFileSync(python, [peer, String(count), String(Math.ceil(40_000 / count))], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }),
  ) as { perSecond: number; gymnasium: string };
  console.log(
    `  Gymnasium ${result.gymnasium}: ${(result.perSecond / 1e6).toFixed(3)} million steps/s: ${(perSecond / result.perSecond).toFixed(0)} times slower`,
  );
}
