/** What can be set in Play. */

import { type ChoiceSetting, choice, type NumberSetting, whole } from "../../settings/schema.ts";
import type { TaskName } from "./contract.ts";

export type PlayForm = {
  readonly task: ChoiceSetting<TaskName>;
  readonly steps: NumberSetting;
  readonly seed: NumberSetting;
};

export const playSchema: PlayForm = {
  task: choice("World and method", {
    options: [
      {
        value: "ppo-cartpole",
        label: "CartPole by PPO",
        note: "Proximal policy optimisation, in 8 copies at once.",
      },
      { value: "dqn-cartpole", label: "CartPole by DQN", note: "Action values, from a memory of what was tried." },
      { value: "a2c-cartpole", label: "CartPole by A2C", note: "Advantage actor-critic: simpler than PPO, slower to learn." },
      { value: "sac-pendulum", label: "Pendulum by SAC", note: "Soft actor-critic: learns from few steps, many updates each." },
      { value: "ppo-pendulum", label: "Pendulum by PPO", note: "A force instead of a choice; swing up from any start." },
      { value: "ppo-acrobot", label: "Acrobot by PPO", note: "Two arms, one joint: swing the tip up." },
    ],
    initial: "ppo-cartpole",
  }),
  steps: whole("Steps", { initial: 100_000, minimum: 1000, maximum: 2_000_000 }),
  seed: whole("Seed", { initial: 1, minimum: 0, maximum: 2 ** 31 }),
};
