/** dl explain: where in an image a trained model sees its class; of a text, what a language model looks at. */

import { type Device, type HostTensor, Rng, softmax, squeeze, type Tensor, tensor } from "@dl/core";
import {
  explanationPage,
  type Forward,
  featureMaps,
  gradCam,
  gridSegments,
  guidedBackprop,
  heatMap,
  inputTimesGradient,
  integratedGradients,
  kernelShap,
  lime,
  occlusion,
  overlayPng,
  saliency,
  smoothGrad,
  spreadSegments,
} from "@dl/explain";
import { inference, type Module } from "@dl/nn";
import { writeFileAtomic } from "@dl/train/node";
import { openNamedDevice } from "../backends.ts";
import { loadClassifier, normalised } from "../classifier.ts";
import { type Command, deviceOptions, deviceSettings, text, UsageError } from "../command.ts";
import { readImage } from "../image-file.ts";
import { readRunFile } from "../run-file.ts";
import { explainText, textMethods } from "./explain-text.ts";

/** What a method is given: one normalised image `[H, W, C]`, and the class to explain. */
interface Question {
  readonly device: Device;
  readonly model: Module;
  readonly forward: Forward;
  readonly image: HostTensor;
  readonly target: number;
  /** Path of a layer, for Grad-CAM. */
  readonly layer: string | undefined;
}

type Method = (question: Question) => Promise<HostTensor>;

/** A method of gradients: attributions `[1, H, W, C]` or `[1, H, W]` within `compute`, without the batch axis. */
function within(attribute: (images: Tensor, question: Question) => Tensor): Method {
  return async (question) => {
    const { device, image } = question;
    const work = (): Tensor => squeeze(attribute(tensor({ ...image, shape: [1, ...image.shape] }), question), 0);
    return (await device.compute(work)) as HostTensor;
  };
}

/** A method over segments: squares of an eighth of the image's side. */
function bySegments(method: typeof lime | typeof kernelShap): Method {
  return async ({ device, forward, image, target }) => {
    const [height, width] = image.shape as readonly [number, number, number];
    const segments = gridSegments(height, width, { size: Math.max(1, Math.round(Math.min(height, width) / 8)) });
    const { values } = await method(image, { device, forward, segments, target, rng: new Rng(1) });
    return spreadSegments(values, segments);
  };
}

function cam(method: "grad-cam" | "grad-cam++"): Method {
  return async (question) => {
    const layer = question.layer ?? (await lastPictureLayer(question));
    return within((x, { model, forward, target }) => gradCam(x, { model, forward, target, layer, method }))(question);
  };
}

const methods: Readonly<Record<string, Method>> = {
  "grad-cam": cam("grad-cam"),
  "grad-cam++": cam("grad-cam++"),
  saliency: within(saliency),
  "input-times-gradient": within(inputTimesGradient),
  "integrated-gradients": within(integratedGradients),
  // Images are normalised: their values spread over about 1.
  "smooth-grad": within((x, question) =>
    smoothGrad(x, { attribute: (y) => saliency(y, question), standardDeviation: 0.3, rng: new Rng(1) }),
  ),
  "guided-backprop": within(guidedBackprop),
  occlusion: within((x, question) => occlusion(x, { ...question, window: Math.max(1, Math.round(x.shape[1]! / 5)) })),
  lime: bySegments(lime),
  "kernel-shap": bySegments(kernelShap),
};

/** The last layer to run that has images out, of more than one pixel. */
async function lastPictureLayer({ device, model, forward, image }: Question): Promise<string> {
  const maps = (await device.compute(() =>
    featureMaps({ model, forward: () => forward(tensor({ ...image, shape: [1, ...image.shape] })) }),
  )) as Record<string, HostTensor>;
  const pictures = Object.entries(maps).filter(([, { shape }]) => shape.length === 4 && shape[1]! * shape[2]! > 1);
  const last = pictures.at(-1);
  if (last === undefined) throw new UsageError("expected a model with a layer that gives images, got none. Take another --method.");
  return last[0];
}

export const explainCommand: Command = {
  name: "explain",
  summary: "Show where in an image a trained model sees its class, or what a language model looks at.",
  positionals: "<run folder> <image or text>",
  details:
    "Writes the heat map over the image. A .html file shows the image beside it. Warm colours speak for the class, blue against it. Of a GPT-2 or Llama, --method attention shows each head's map over a text, and logit-lens what each layer would say.",
  options: {
    run: { value: "DIR", help: "The run folder, instead of the first word." },
    method: { value: "NAME", help: `${Object.keys(methods).join(", ")}; of a text ${textMethods.join(", ")}. Default grad-cam.` },
    class: { value: "NAME", help: "The class to explain. Default: the likeliest." },
    layer: { value: "PATH", help: "Layer that grad-cam looks at. Default: the last that gives images." },
    out: { value: "FILE", help: "Where to write, .png or .html. Default: <image>.<method>.png; of a text <method>.html." },
    ...deviceOptions,
  },
  async run(args) {
    const words = text(args, "run") === undefined ? args.positionals : [text(args, "run")!, ...args.positionals];
    const [folder, path] = words;
    if (folder === undefined || path === undefined) throw new UsageError("expected a run folder and one image file, or a text.");
    const name = text(args, "method") ?? "grad-cam";
    const ofText = textMethods.find((each) => each === name);
    if (ofText !== undefined) return explainText(args, { method: ofText, folder, words: path });
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
    if (method === undefined)
      throw new UsageError(`--method: expected ${[...Object.keys(methods), ...textMethods].join(", ")}, got ${JSON.stringify(name)}.`);
    const layer = text(args, "layer");
    if (layer !== undefined && !name.startsWith("grad-cam")) {
      throw new UsageError(`--layer: expected it with grad-cam or grad-cam++, got it with ${name}, which looks at no layer.`);
    }
    const out = text(args, "out") ?? `${path.replace(/\.[^./\\]+$/, "")}.${name}.png`;
    if (!/\.(png|html)$/i.test(out)) throw new UsageError(`--out: expected a file that ends in .png or .html, got ${JSON.stringify(out)}.`);
    const run = await readRunFile(folder);
    const settings = deviceSettings(args);
    await using device = await openNamedDevice(settings);
    const classifier = await loadClassifier(run, folder);
    using model = classifier.model;
    const { classNames } = classifier;
    const wanted = text(args, "class");
    if (wanted !== undefined && !classNames.includes(wanted)) {
      throw new UsageError(`--class: expected one of ${classNames.join(", ")}, got ${JSON.stringify(wanted)}.`);
    }
    const picture = await readImage(path, classifier);
    const normal = normalised({ ...picture, shape: [1, ...picture.shape] }, classifier);
    const forward = (x: Tensor): Tensor => model.forward(x, inference);
    const probabilities = (await device.compute(() => softmax(forward(tensor(normal))))) as HostTensor;
    const best = probabilities.data.indexOf(Math.max(...probabilities.data) as never);
    const target = wanted === undefined ? best : classNames.indexOf(wanted);
    const image = { ...normal, shape: picture.shape };
    const attributions = await method({ device, model, forward, image, target, layer });
    const map = heatMap(attributions, { channels: /gradient|shap|lime|occlusion/.test(name) ? "signed" : "max" });
    // Small images are seen as squares of several pixels.
    const scale = Math.max(1, Math.floor(280 / Math.max(picture.shape[0]!, picture.shape[1]!)));
    const png = overlayPng(picture, { map, scale });
    const caption = `${classNames[target]} ${(100 * probabilities.data[target]!).toFixed(1)} %, ${name}`;
    await writeFileAtomic(
      out,
      /\.png$/i.test(out)
        ? png
        : explanationPage(
            [
              { caption: path, png: overlayPng(picture, { map, scale, opacity: 0 }) },
              { caption, png },
            ],
            { title: `${run.recipe.title}: ${classNames[target]}` },
          ),
    );
    if (args.values.json) {
      console.log(
        JSON.stringify({
          recipe: run.recipe.name,
          backend: settings.backend,
          device: device.name,
          method: name,
          class: classNames[target],
          probability: probabilities.data[target],
          file: out,
        }),
      );
    } else console.log(`${path}: ${caption} → ${out}`);
    return 0;
  },
};
