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
];
