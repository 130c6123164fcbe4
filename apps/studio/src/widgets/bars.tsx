/** How likely each class is, as bars. */

import type { JSX } from "preact";

export function Bars({
  names,
  shares,
  most = 10,
}: {
  names: readonly string[];
  shares: ArrayLike<number> | undefined;
  most?: number;
}): JSX.Element {
  const values = names.map((name, i) => ({ name, share: shares?.[i] ?? 0, i }));
  const best = values.reduce((so, value) => (value.share > so.share ? value : so), values[0]!);
  // Many classes: only the likeliest.
  const shown = names.length > most ? values.toSorted((a, b) => b.share - a.share).slice(0, most) : values;
  return (
    <div class="bars">
      {shown.map(({ name, share, i }) => [
        <span key={`${i} name`}>{name}</span>,
        <i key={`${i} bar`} class={shares && i === best.i ? "best" : ""} style={`transform:scaleX(${Math.max(share, 0.004)})`} />,
        <em key={`${i} share`}>{shares ? `${(100 * share).toFixed(share > 0.0995 ? 0 : 1)} %` : "–"}</em>,
      ])}
    </div>
  );
}
