/** dl serve: a trained classifier behind HTTP. */

import { openNamedDevice } from "../backends.ts";
import { classify, loadClassifier } from "../classifier.ts";
import { type Command, deviceOptions, deviceSettings, positiveNumber, runFolder, text, wholeNumber } from "../command.ts";
import { imageOf } from "../image-file.ts";
import { Interrupt } from "../interrupt.ts";
import { readRunFile } from "../run-file.ts";
import { PredictionServer, type ServedModel } from "../serving/prediction-server.ts";
import { describeDevice } from "../session.ts";

/** Of an image in a request: decoding keeps all others waiting, and a small file may hold a large picture of one colour. */
const maximumPixels = 16e6;

export const serve: Command = {
  name: "serve",
  summary: "Answer predictions over HTTP with a trained classifier.",
  positionals: "<run folder>",
  details: [
    'POST /predict takes a PNG or JPEG file (Content-Type image/png or image/jpeg), or JSON {"pixels": [[[0 … 255]]]} in the model\'s shape.',
    "Files are brought to that shape as in training: of finetune-folder cut to the square in the middle, of others squeezed.",
    "GET /health tells whether it answers, GET /metrics is for Prometheus, GET / tells classes and shape.",
    "SIGTERM and Ctrl-C answer what came before, and end.",
  ].join("\n"),
  options: {
    run: { value: "DIR", help: "The run folder, instead of the first word." },
    host: { value: "NAME", help: "Address to listen at. Default 127.0.0.1: this machine alone." },
    port: { value: "N", help: "Port; 0 takes a free one. Default 8080." },
    "max-batch": { value: "N", help: "Most images computed together. Default 32." },
    "max-wait": { value: "MS", help: "Milliseconds that an image waits for others. Default 2." },
    "max-queue": { value: "N", help: "Most images that wait; one more is answered 503. Default 256." },
    timeout: { value: "MS", help: "Milliseconds until an image that still waits is answered 503. Default 10000." },
    "body-limit": { value: "BYTES", help: "Largest request. Default 4194304. Images have at most 16 million pixels." },
    ...deviceOptions,
  },
  async run(args) {
    const folder = runFolder(args);
    const host = text(args, "host") ?? "127.0.0.1";
    const port = wholeNumber(args, "port", { least: 0, most: 65_535, otherwise: 8080 });
    const limits = {
      maxBatch: wholeNumber(args, "max-batch", { least: 1, otherwise: 32 }),
      // Beyond 2³¹ − 1, Node's timers fire at once.
      maxWait: wholeNumber(args, "max-wait", { least: 0, most: 2 ** 31 - 1, otherwise: 2 }),
      maxQueue: wholeNumber(args, "max-queue", { least: 1, otherwise: 256 }),
      timeout: positiveNumber(args, "timeout") ?? 10_000,
      bodyLimit: wholeNumber(args, "body-limit", { least: 1, otherwise: 4 * 2 ** 20 }),
    };
    const run = await readRunFile(folder);
    const { recipe } = run;
    await using device = await openNamedDevice(deviceSettings(args));
    const classifier = await loadClassifier(run, folder);
    using _model = classifier.model;
    const { classNames, imageShape, imageFit } = classifier;
    const served: ServedModel = {
      title: recipe.title,
      classNames,
      imageShape,
      decode: (bytes) => imageOf(bytes, { imageShape, imageFit, name: "the request", maximumPixels }),
      classify: async (images) => {
        const data = new Float32Array(images.length * images[0]!.data.length);
        for (const [i, image] of images.entries()) data.set(image.data, i * image.data.length);
        const together = { shape: [images.length, ...imageShape], dtype: "float32", data } as const;
        const { data: probabilities } = await classify(together, classifier, device);
        return images.map((_, i) => (probabilities as Float32Array).slice(i * classNames.length, (i + 1) * classNames.length));
      },
    };
    // The first pass compiles kernels and moves the weights: not while somebody waits.
    await served.classify([{ shape: [...imageShape], dtype: "float32", data: new Float32Array(imageShape.reduce((a, b) => a * b)) }]);
    const server = new PredictionServer(served, limits);
    using interrupt = new Interrupt();
    const stopped = new Promise<void>((resolve) => {
      interrupt.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    const address = await server.listen({ host, port });
    if (args.values.json) console.log(JSON.stringify({ recipe: recipe.name, device: device.name, address }));
    console.error(`${recipe.title} at ${address}, on ${describeDevice(device)}`);
    await stopped;
    await server.close();
    return 0;
  },
};
