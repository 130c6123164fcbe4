/** The panels: what they are called, and how each is loaded when it is first opened. */

import type { ComponentType } from "preact";
import type { JobName } from "../engine/protocol.ts";
import type { IconName } from "./icons.tsx";

export interface PanelInfo {
  readonly name: string;
  readonly title: string;
  readonly icon: IconName;
  /** One sentence for the landing page. */
  readonly summary: string;
  /** The job whose engine it drives, to mark it while that is at work. */
  readonly job?: JobName;
  readonly load: () => Promise<ComponentType>;
}

export const panels: readonly PanelInfo[] = [
  {
    name: "home",
    title: "Home",
    icon: "home",
    summary: "",
    job: "circle",
    load: async () => (await import("../panels/home/panel.tsx")).HomePanel,
  },
  {
    ...{ name: "classify", title: "Classify", icon: "classify", job: "classify" },
    summary: "Digits, clothes, photographs or your own pictures: train, draw one yourself, and see what the network looks at.",
    load: async () => (await import("../panels/classify/panel.tsx")).ClassifyPanel,
  },
  {
    ...{ name: "generate", title: "Generate", icon: "generate", job: "generate" },
    summary:
      "Two networks play against each other until one of them can draw, or one learns to take noise away. Watch it learn, or collapse.",
    load: async () => (await import("../panels/generate/panel.tsx")).GeneratePanel,
  },
  {
    ...{ name: "write", title: "Write", icon: "write", job: "write" },
    summary: "A small GPT learns Shakespeare, or any text of yours, one character at a time.",
    load: async () => (await import("../panels/write/panel.tsx")).WritePanel,
  },
  {
    ...{ name: "play", title: "Play", icon: "play", job: "play" },
    summary: "Agents that learn by trying. Take the controls and compare.",
    load: async () => (await import("../panels/play/panel.tsx")).PlayPanel,
  },
  {
    ...{ name: "evolve", title: "Evolve", icon: "evolve", job: "evolve" },
    summary: "A search over networks: who descends from whom, and what accuracy costs.",
    load: async () => (await import("../panels/evolve/panel.tsx")).EvolvePanel,
  },
  {
    ...{ name: "inspect", title: "Inspect", icon: "inspect" },
    summary: "Bring the predictions of any model: report, calibration, fairness by group.",
    load: async () => (await import("../panels/inspect/panel.tsx")).InspectPanel,
  },
  {
    ...{ name: "devices", title: "Devices", icon: "devices", job: "devices" },
    summary: "What runs in this browser, what does not and why, and how fast.",
    load: async () => (await import("../panels/devices/panel.tsx")).DevicesPanel,
  },
];
