/** The settings of a panel: signals that follow the link, and a link that follows them. */

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { showNotice } from "../shell/notice.ts";
import { place } from "../shell/place.ts";
import { fromQuery, type Schema, toQuery, type ValuesOf } from "./schema.ts";

export interface Settings<S extends Schema> {
  readonly schema: S;
  readonly values: ReadonlySignal<ValuesOf<S>>;
  /** Changes some values, here and in the link. */
  change(changes: Partial<ValuesOf<S>>): void;
}

/** The settings of `panel`: those of the link when it leads there, the schema's else. */
export function settingsOf<S extends Schema>(panel: string, schema: S): Settings<S> {
  const at = place.value;
  const read = (query: string): ValuesOf<S> => {
    const { values, refused } = fromQuery(schema, query);
    if (refused.length > 0) showNotice(`The link holds settings that make no sense here. ${refused.join(" ")}`);
    return values;
  };
  const values: Signal<ValuesOf<S>> = signal(read(at.panel === panel ? at.query : ""));
  place.subscribe(({ panel: now, query }) => {
    if (now !== panel || query === toQuery(schema, values.peek())) return;
    // Back and forward, or a link pasted into this page. A bare link to the panel keeps what was set.
    if (query === "") place.value = { panel, query: toQuery(schema, values.peek()) };
    else values.value = read(query);
  });
  return {
    schema,
    values,
    change(changes) {
      values.value = { ...values.peek(), ...changes };
      if (place.peek().panel === panel) place.value = { panel, query: toQuery(schema, values.peek()) };
    },
  };
}
