/** The camera: pictures for the user's own classes, and what the network takes the one before it for. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Pixels } from "../../charts/pixels.tsx";
import { ownImageSize, withPicture } from "../../data/own-pictures.ts";
import { squarePixels } from "../../data/square-pixels.ts";
import { showError } from "../../shell/notice.ts";
import { Bars } from "../../widgets/bars.tsx";
import { LatestQuestion } from "../../widgets/latest-question.ts";
import { openCamera } from "./camera.ts";
import { engine, images, ownPictures } from "./training.ts";

/** Milliseconds between two predictions, and two pictures of a row. */
const predictEvery = 300;
const takeEvery = 120;
/** Pictures of a row: enough to learn from, if what is before the camera moves. */
const row = 10;

/** `takes` pictures for own classes; else it only looks. */
export function CameraCard({ takes }: { takes: boolean }): JSX.Element {
  const video = useRef<HTMLVideoElement>(null);
  const stream = useSignal<MediaStream | undefined>(undefined);
  const shares = useSignal<Float32Array | undefined>(undefined);
  const problem = useSignal("");

  const stop = (): void => {
    for (const track of stream.peek()?.getTracks() ?? []) track.stop();
    stream.value = undefined;
    shares.value = undefined;
  };
  const start = async (): Promise<void> => {
    problem.value = "";
    try {
      const opened = await openCamera();
      opened.getVideoTracks()[0]?.addEventListener("ended", () => {
        stop();
        problem.value = "The camera was disconnected. Connect it, and turn it on again.";
      });
      stream.value = opened;
    } catch (error) {
      problem.value = (error as Error).message;
    }
  };
  /** Undefined until the first frame is there. */
  const frame = async (): Promise<Uint8Array | undefined> =>
    video.current && video.current.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA
      ? await squarePixels(video.current, ownImageSize)
      : undefined;
  const question = useMemo(
    () =>
      new LatestQuestion(async () => {
        const status = engine.status.peek();
        if (status === "idle" || status === "opening" || images.peek()?.shape[2] !== 3) return;
        try {
          const pixels = await frame();
          if (pixels) shares.value = await engine.ask("predict", { image: Float32Array.from(pixels, (byte) => byte / 255) });
        } catch (error) {
          problem.value = (error as Error).message;
        }
      }),
    [],
  );
  useEffect(() => {
    if (!stream.value) return;
    video.current!.srcObject = stream.value;
    const timer = setInterval(() => void question.ask(), predictEvery);
    return () => clearInterval(timer);
  }, [stream.value]);
  // The light of the camera goes out with the panel.
  useEffect(() => stop, []);

  const isOn = stream.value !== undefined;
  const known = images.value?.shape[2] === 3 ? images.value.classNames : [];
  return (
    <section class="card stack" aria-label="Camera">
      <header style="margin:0">
        <h2>Camera</h2>
        <button type="button" class="quiet" onClick={() => (isOn ? stop() : void start())}>
          {isOn ? "Turn it off" : "Turn it on"}
        </button>
      </header>
      {isOn ? (
        <div class="draw">
          <video ref={video} class="camera" autoPlay muted playsInline aria-label="What the camera sees" />
          {shares.value ? (
            <Bars names={known} shares={shares.value} />
          ) : (
            <p class="soft small">{known.length > 0 ? "Looking …" : "Train first: then it says what it sees."}</p>
          )}
        </div>
      ) : (
        !problem.value && (
          <p class="empty">Turn it on to take pictures of your own, or to see what the network makes of them. They stay in this page.</p>
        )
      )}
      {problem.value && (
        <p class="problem small" role="alert">
          {problem.value}
        </p>
      )}
      {takes && <Classes isOn={isOn} frame={frame} />}
    </section>
  );
}

/** The user's classes, and the way to add to them. */
function Classes({ isOn, frame }: { isOn: boolean; frame: () => Promise<Uint8Array | undefined> }): JSX.Element {
  const name = useSignal("");
  const isTaking = useSignal(false);
  const take = async (count: number): Promise<void> => {
    isTaking.value = true;
    try {
      for (let i = 0; i < count; i++) {
        if (i > 0) await new Promise((resolve) => setTimeout(resolve, takeEvery));
        const pixels = await frame();
        if (!pixels) throw new Error("The camera shows nothing yet. Wait a moment.");
        ownPictures.value = withPicture(ownPictures.peek(), { name: name.peek().trim(), pixels });
      }
    } catch (error) {
      showError(error);
    } finally {
      isTaking.value = false;
    }
  };
  const remove = (gone: string): void => {
    ownPictures.value = new Map([...ownPictures.peek()].filter(([own]) => own !== gone));
  };
  const cannot = !isOn || isTaking.value || name.value.trim() === "";
  return (
    <>
      <div class="row">
        <label class="field" style="flex:1 1 100%">
          <span>Class</span>
          <input
            type="text"
            maxLength={40}
            autocomplete="off"
            placeholder="cup, hand, nothing …"
            value={name.value}
            onInput={(event) => (name.value = event.currentTarget.value)}
          />
        </label>
        <button type="button" disabled={cannot} onClick={() => void take(1)}>
          Take one
        </button>
        <button type="button" disabled={cannot} onClick={() => void take(row)}>
          Take {row}
        </button>
      </div>
      {ownPictures.value.size > 0 && (
        <ul class="own-classes" aria-label="Your classes">
          {[...ownPictures.value].map(([own, pictures]) => (
            <li key={own}>
              <Pixels
                data={pictures.at(-1)!}
                shape={[ownImageSize, ownImageSize, 3]}
                scale={255}
                label={`The newest of ${own}`}
                size={32}
              />
              <button type="button" class="link" onClick={() => (name.value = own)}>
                {own}
              </button>
              <span class="soft small">{pictures.length}</span>
              <button type="button" class="quiet" aria-label={`Remove ${own}`} onClick={() => remove(own)}>
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
