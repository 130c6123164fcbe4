/** A walk between two latents: what the generator draws on the way. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { pictureSize } from "./contract.ts";
import { PictureGrid } from "./picture-grid.tsx";
import { engine, grids } from "./training.ts";

/** Pictures of one walk, both ends included. */
const steps = 16;

export function WalkCard(): JSX.Element {
  const ends = useSignal<readonly [number, number]>([1, 2]);
  const at = useSignal(0.5);
  const pictures = useSignal<Uint8Array | undefined>(undefined);
  const problem = useSignal("");
  const isWaiting = useRef(false);
  const newest = grids.value.at(-1);
  useEffect(() => {
    if (!newest) {
      pictures.value = undefined;
      return;
    }
    if (isWaiting.current) return;
    isWaiting.current = true;
    const [from, to] = ends.value;
    engine
      .ask("walk", { from, to, steps })
      .then(
        (answer) => {
          pictures.value = answer;
          problem.value = "";
        },
        (error: Error) => {
          problem.value = error.message;
        },
      )
      .finally(() => {
        isWaiting.current = false;
      });
  }, [newest, ends.value]);
  const size = pictureSize * pictureSize;
  const index = Math.round(at.value * (steps - 1));
  return (
    <section class="card stack" aria-label="Latents">
      <header style="margin:0">
        <h2>From one latent to another</h2>
        <div class="row">
          <button type="button" class="quiet" onClick={() => (ends.value = [ends.value[0] + 2, ends.value[1]])}>
            Other start
          </button>
          <button type="button" class="quiet" onClick={() => (ends.value = [ends.value[0], ends.value[1] + 2])}>
            Other end
          </button>
        </div>
      </header>
      {pictures.value ? (
        <div class="walk">
          <PictureGrid
            pictures={pictures.value.subarray(index * size, (index + 1) * size)}
            columns={1}
            label={`The picture at ${Math.round(100 * at.value)} % of the way`}
          />
          <div class="stack">
            <input
              type="range"
              min={0}
              max={1}
              step={1 / (steps - 1)}
              value={at.value}
              aria-label="Where between the two"
              onInput={(event) => (at.value = Number(event.currentTarget.value))}
            />
            <PictureGrid pictures={pictures.value} columns={8} label="All pictures of the walk" />
          </div>
        </div>
      ) : (
        <p class="empty">
          {problem.value ||
            "A latent is the random numbers that a drawing begins with. Walk from one to another, and see what is drawn on the way."}
        </p>
      )}
    </section>
  );
}
