/** A number, and under it what it is. */

import type { ComponentChildren, JSX } from "preact";

export function Readings({ children }: { children: ComponentChildren }): JSX.Element {
  return <div class="readings">{children}</div>;
}

export function Reading({ label, value }: { label: string; value: ComponentChildren }): JSX.Element {
  return (
    <div class="reading">
      <b>{value}</b>
      <span>{label}</span>
    </div>
  );
}

/** A share as `98.1 %`. */
export function percent(share: number | undefined, digits = 1): string {
  return share === undefined || Number.isNaN(share) ? "–" : `${(100 * share).toFixed(digits)} %`;
}

/** A number with as many digits as matter. */
export function short(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size >= 10_000) return Math.round(value).toLocaleString("en").replaceAll(",", " ");
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 0.01 || size === 0) return value.toFixed(3);
  return value.toExponential(1);
}

/** Bytes as `1.2 MB`. */
export function megabytes(bytes: number): string {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
