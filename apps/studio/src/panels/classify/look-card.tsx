/** Test pictures, those the network gets wrong first if asked for, and inside the network for the one that is picked. */

import { useSignal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { MapSheet, Pixels } from "../../charts/pixels.tsx";
import { squarePixels } from "../../data/square-pixels.ts";
import { showError } from "../../shell/notice.ts";
import { Bars } from "../../widgets/bars.tsx";
import type { ClassifyPayload, Look } from "./contract.ts";
import { engine, images, latest, type Tested, tested } from "./training.ts";

/** Pictures shown at once, and milliseconds between two looks while a training goes on. */
const shownAtOnce = 40;
const lookEvery = 900;

/** A test image by its number, or a picture of the user's. */
type Subject = { readonly kind: "test"; readonly at: number } | { readonly kind: "own"; readonly pixels: Uint8Array };

export function LookCard({
  cell,
  onCell,
}: {
  cell: readonly [number, number] | undefined;
  onCell: (cell: undefined) => void;
}): JSX.Element | null {
  const onlyWrong = useSignal(false);
  const subject = useSignal<Subject>({ kind: "test", at: 0 });
  const seen = useSignal<Look | undefined>(undefined);
  const problem = useSignal("");
  const asked = useRef({ isWaiting: false, at: 0 });
  const payload = images.value;

  const look = (): void => {
    const now = images.peek();
    if (!now || asked.current.isWaiting || engine.status.peek() === "idle" || engine.status.peek() === "opening") return;
    asked.current = { isWaiting: true, at: performance.now() };
    const picked = subject.peek();
    engine
      .ask("look", { image: Float32Array.from(pixelsOf(now, picked), (byte) => byte / 255) })
      .then(
        (answer) => {
          seen.value = answer;
          problem.value = "";
        },
        (error: Error) => {
          problem.value = error.message;
        },
      )
      .finally(() => {
        asked.current.isWaiting = false;
        if (subject.peek() !== picked) look();
      });
  };
  useEffect(() => {
    subject.value = { kind: "test", at: 0 };
    seen.value = undefined;
  }, [payload]);
  useEffect(look, [subject.value, tested.value]);
  useSignalEffect(() => {
    if (latest.value && performance.now() - asked.current.at > lookEvery) look();
  });

  if (!payload) return null;
  const shown = chosen(payload, { tested: tested.value, onlyWrong: onlyWrong.value, cell });
  const truth = subject.value.kind === "test" ? payload.classNames[payload.test.labels[subject.value.at]!] : undefined;
  const look1 = seen.value;
  const answer = look1 && payload.classNames[argmaxOf(look1.probabilities)];
  const takeOwn = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    try {
      const [size, , channels] = payload.shape;
      const colours = await squarePixels(file, size);
      const grey = (i: number): number => 0.299 * colours[3 * i]! + 0.587 * colours[3 * i + 1]! + 0.114 * colours[3 * i + 2]!;
      subject.value = { kind: "own", pixels: channels === 3 ? colours : Uint8Array.from({ length: size * size }, (_, i) => grey(i)) };
    } catch {
      showError(new Error(`${file.name} is no picture that this browser reads. Try a PNG or a JPEG.`));
    }
  };
  return (
    <section class="card look" aria-label="Look inside">
      <header>
        <h2>Look inside</h2>
        <div class="row">
          {cell ? (
            <button type="button" class="quiet" onClick={() => onCell(undefined)}>
              {payload.classNames[cell[0]]} taken for {payload.classNames[cell[1]]} ×
            </button>
          ) : (
            <label class="row small" style="gap:6px">
              <input
                type="checkbox"
                style="width:auto;min-height:0"
                checked={onlyWrong.value}
                onChange={(event) => (onlyWrong.value = event.currentTarget.checked)}
              />
              only mistakes
            </label>
          )}
          <label class="button quiet small">
            Your picture
            <input
              type="file"
              accept="image/*"
              class="hidden-label"
              onChange={(event) => {
                const input = event.currentTarget;
                void takeOwn(input.files?.[0]).then(() => (input.value = ""));
              }}
            />
          </label>
        </div>
      </header>
      <div class="thumbs">
        {shown.map((at) => {
          const predicted = tested.value && at < tested.value.predicted.length ? tested.value.predicted[at]! : undefined;
          const isWrong = predicted !== undefined && predicted !== payload.test.labels[at];
          const name = payload.classNames[payload.test.labels[at]!]!;
          const isPicked = subject.value.kind === "test" && subject.value.at === at;
          return (
            <button
              key={at}
              type="button"
              class={`thumb${isWrong ? " wrong" : ""}`}
              aria-pressed={isPicked}
              title={isWrong ? `${name}, taken for ${payload.classNames[predicted!]}` : name}
              onClick={() => (subject.value = { kind: "test", at })}
            >
              <Pixels data={pixelsOf(payload, { kind: "test", at })} shape={payload.shape} scale={255} label={name} />
            </button>
          );
        })}
        {shown.length === 0 && <p class="soft small">No such picture{tested.value ? " among the test images" : " yet"}.</p>}
      </div>
      {look1 && (
        <div class="looking">
          <figure>
            <Pixels
              data={pixelsOf(payload, subject.value)}
              shape={payload.shape}
              scale={255}
              heat={look1.heat}
              size={168}
              label={`The picture, and where the answer ${answer} comes from`}
            />
            <figcaption class="small">
              {truth === undefined ? "Yours" : <b>{truth}</b>}, taken for{" "}
              <b class={truth !== undefined && truth !== answer ? "bad" : "good"}>{answer}</b>
              <br />
              <span class="soft">{look1.heat ? "Orange: where that comes from (Grad-CAM)" : "No convolution: nowhere to look"}</span>
            </figcaption>
          </figure>
          <Bars names={payload.classNames} shares={look1.probabilities} />
          <div class="maps">
            {look1.maps.slice(-3).map(({ path, shape, data }) => (
              <figure key={path}>
                <figcaption class="small soft">
                  <span class="mono">{path}</span> {shape[2]} maps of {shape[0]} × {shape[1]}
                </figcaption>
                <MapSheet data={data} shape={shape} label={`The ${shape[2]} feature maps of ${path}`} />
              </figure>
            ))}
          </div>
        </div>
      )}
      {problem.value && <p class="problem small">{problem.value}</p>}
    </section>
  );
}

/** Numbers of the test images to show. */
function chosen(
  { test }: ClassifyPayload,
  { tested, onlyWrong, cell }: { tested: Tested | undefined; onlyWrong: boolean; cell: readonly [number, number] | undefined },
): number[] {
  const found: number[] = [];
  for (let at = 0; at < test.labels.length && found.length < shownAtOnce; at++) {
    const predicted = tested && at < tested.predicted.length ? tested.predicted[at] : undefined;
    if (
      cell ? predicted === cell[1] && test.labels[at] === cell[0] : !onlyWrong || (predicted !== undefined && predicted !== test.labels[at])
    )
      found.push(at);
  }
  return found;
}

function pixelsOf({ shape, test }: ClassifyPayload, subject: Subject): Uint8Array {
  const size = shape[0] * shape[1] * shape[2];
  return subject.kind === "own" ? subject.pixels : test.images.subarray(subject.at * size, (subject.at + 1) * size);
}

function argmaxOf(values: Float32Array): number {
  return values.indexOf(Math.max(...values));
}
