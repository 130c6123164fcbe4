/** The icons of the studio: strokes of one weight on a 20 × 20 grid. */

import type { JSX } from "preact";

const paths = {
  home: "M3 9.2 10 3.5l7 5.7M5 8v8.5h10V8",
  classify: "M3.5 3.5h5v5h-5zM11.5 3.5h5v5h-5zM3.5 11.5h5v5h-5zM11.8 14l1.8 1.9 3-4",
  generate: "M10 2.8l1.7 5.5 5.5 1.7-5.5 1.7L10 17.2l-1.7-5.5L2.8 10l5.5-1.7zM16 3v2.4M17.2 4.2h-2.4",
  write: "M4 16l.8-3.4L13.6 3.8a1.6 1.6 0 0 1 2.4 2.4L7.2 15z M11.8 5.6l2.5 2.5",
  play: "M6.2 6.2h7.6a3.8 3.8 0 0 1 3.7 4.6l-.6 2.6a1.8 1.8 0 0 1-3.2.6l-1-1.4H7.3l-1 1.4a1.8 1.8 0 0 1-3.2-.6l-.6-2.6a3.8 3.8 0 0 1 3.7-4.6zM6.8 8v2.6M5.5 9.3h2.6M13 9.4h.01",
  evolve:
    "M5 17v-3.2a3 3 0 0 1 3-3h4a3 3 0 0 0 3-3V5.6M5 17a1.6 1.6 0 1 0 0-.01M15 5.6a1.6 1.6 0 1 0 0-.01M5 10V5.6M5 5.6a1.6 1.6 0 1 0 0-.01",
  inspect: "M8.8 14.6a5.8 5.8 0 1 0 0-11.6 5.8 5.8 0 0 0 0 11.6zM13 13l4 4M6.4 9.6l1.7 1.6 3-3.6",
  devices: "M5.5 5.5h9v9h-9zM8.2 8.2h3.6v3.6H8.2zM8 2.5v3M12 2.5v3M8 14.5v3M12 14.5v3M2.5 8h3M2.5 12h3M14.5 8h3M14.5 12h3",
  start: "M6 3.8v12.4l10-6.2z",
  pause: "M6.5 4v12M13.5 4v12",
  step: "M5 4.2v11.6l7.5-5.8zM15.5 4v12",
  reset: "M4 4.5v4h4M4.4 8.4A6.2 6.2 0 1 1 4 11.5",
  link: "M8.4 11.6a3.2 3.2 0 0 0 4.6 0l2.6-2.6a3.2 3.2 0 0 0-4.6-4.6l-.9.9M11.6 8.4a3.2 3.2 0 0 0-4.6 0L4.4 11A3.2 3.2 0 0 0 9 15.6l.9-.9",
  theme: "M10 3.2v13.6a6.8 6.8 0 0 0 0-13.6zM10 16.8a6.8 6.8 0 0 1 0-13.6",
  close: "M5 5l10 10M15 5 5 15",
  down: "M10 3.5v9M6.4 9.2 10 12.8l3.6-3.6M4 16.5h12",
  up: "M10 13V4M6.4 7.4 10 3.8l3.6 3.6M4 16.5h12",
  open: "M6 3.8v12.4l10-6.2z",
  trash: "M4 5.5h12M8 5.5V3.8h4v1.7M5.5 5.5l.7 11h7.6l.7-11",
} as const;

export type IconName = keyof typeof paths;

/** Decoration: what it stands beside says what it means. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }): JSX.Element {
  const filled = name === "start" || name === "open";
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill={filled ? "currentColor" : "none"}
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  );
}
