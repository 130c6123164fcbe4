/** The network: picked, or put together layer by layer, with what each layer gives. */

import { computed } from "@preact/signals";
import type { JSX } from "preact";
import { Icon } from "../../shell/icons.tsx";
import { short } from "../../widgets/reading.tsx";
import { SettingsForm } from "../../widgets/settings-form.tsx";
import type { NetworkName } from "./contract.ts";
import { formatLayers, formatWord, type LayerWord, parseLayers, type ShapedLayer, shapeLayers } from "./layer-words.ts";
import { engine, index, made, ownPictures, settings, suggestions } from "./training.ts";

/** What each new layer is at first. */
const added: readonly { readonly label: string; readonly word: LayerWord }[] = [
  { label: "conv", word: { kind: "conv", filters: 32 } },
  { label: "norm", word: { kind: "norm" } },
  { label: "pool", word: { kind: "pool" } },
  { label: "dense", word: { kind: "dense", units: 64 } },
  { label: "drop", word: { kind: "drop", percent: 25 } },
];

const shaped = computed((): { readonly layers: readonly ShapedLayer[]; readonly wrong: string } => {
  const { set, layers } = settings.values.value;
  const known = index.value?.images[set];
  const image = known?.shape ?? (set === "mnist" || set === "fashion" ? ([28, 28, 1] as const) : ([32, 32, 3] as const));
  const classes = set === "folder" ? Math.max(2, ownPictures.value.size) : (known?.classNames.length ?? 10);
  try {
    return { layers: shapeLayers(parseLayers(layers), { image, classes }), wrong: "" };
  } catch (error) {
    return { layers: [], wrong: (error as Error).message };
  }
});

export function NetworkCard(): JSX.Element {
  const { network, layers } = settings.values.value;
  const isBusy = engine.status.value === "running" || engine.status.value === "paused";
  return (
    <section class="card stack" aria-label="Network">
      <SettingsForm settings={pickingNetwork} only={["network"]} disabled={isBusy} />
      {network === "layers" && <LayerEditor layers={layers} disabled={isBusy} />}
      {made.value && network !== "layers" && (
        <details class="small">
          <summary>
            {made.value.layers.length} layers, {short(made.value.parameters)} parameters
          </summary>
          <table style="margin-top:8px">
            <tbody>
              {made.value.layers.map(({ path, shape, parameters }) => (
                <tr key={path}>
                  <td class="mono">{path}</td>
                  <td class="number">{shape.join(" × ")}</td>
                  <td class="number">{parameters === 0 ? "" : short(parameters)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      )}
    </section>
  );
}

/** The panel's settings, where another network brings the rates that suit it. */
const pickingNetwork: typeof settings = {
  ...settings,
  change: (changes) => settings.change(changes.network ? { ...changes, ...suggestions[changes.network as NetworkName] } : changes),
};

function LayerEditor({ layers, disabled }: { layers: string; disabled: boolean }): JSX.Element {
  const { layers: list, wrong } = shaped.value;
  const words = list.slice(0, -1).map(({ word }) => word);
  const set = (changed: readonly LayerWord[]): void => settings.change({ layers: formatLayers(changed) });
  const parameters = list.reduce((sum, layer) => sum + layer.parameters, 0);
  return (
    <div class="stack" style="gap:10px">
      <ol class="layers">
        {list.map(({ word, shape }, i) => (
          <li key={`${i} ${formatWord(word)}`} class={`layer ${word.kind}`}>
            <b>{i === list.length - 1 ? "classes" : formatWord(word)}</b>
            <span class="soft">{shape.join(" × ")}</span>
            {i < list.length - 1 && (
              <button
                type="button"
                class="quiet"
                disabled={disabled}
                aria-label={`Remove ${formatWord(word)}`}
                onClick={() => set(words.filter((_, at) => at !== i))}
              >
                <Icon name="close" size={13} />
              </button>
            )}
          </li>
        ))}
      </ol>
      {wrong && <p class="problem small">{wrong}</p>}
      <div class="row" style="gap:4px">
        {added.map(({ label, word }) => (
          <button
            key={label}
            type="button"
            class="chip"
            disabled={disabled || wrong !== ""}
            onClick={() => set(withLayer(words, word))}
            aria-label={`Add ${label}`}
          >
            + {label}
          </button>
        ))}
      </div>
      <SettingsForm settings={settings} only={["layers"]} disabled={disabled} />
      {!wrong && (
        <p class="soft small">
          {short(parameters)} parameters. 3 × 3 convolutions and dense layers with ReLU, 2 × 2 pools.{" "}
          {layers.includes("norm") ? "Norm is batch normalisation." : ""}
        </p>
      )}
    </div>
  );
}

/** Pictures' layers go before the first dense one, the others to the end. */
function withLayer(words: readonly LayerWord[], word: LayerWord): LayerWord[] {
  const firstDense = words.findIndex(({ kind }) => kind === "dense");
  const at = (word.kind === "conv" || word.kind === "pool") && firstDense >= 0 ? firstDense : words.length;
  return words.toSpliced(at, 0, word);
}
