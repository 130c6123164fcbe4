/** A classifier behind HTTP: batched, checked, limited, measured. */

import { type HostTensor, OptionError } from "@dl/core";
import fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { Batcher, Overload, TooLate } from "./batcher.ts";
import { Counter, gauge, Histogram } from "./prometheus.ts";

/** What the server serves. */
export interface ServedModel {
  /** For people: `LeNet on MNIST`. */
  readonly title: string;
  readonly classNames: readonly string[];
  /** `[height, width, channels]` */
  readonly imageShape: readonly [number, number, number];
  /** The pixels of a PNG or JPEG file, in [0, 1] and the model's size. Throws a DlError for others. */
  decode(file: Uint8Array): HostTensor;
  /** Probabilities of each image's classes. */
  classify(images: readonly HostTensor[]): Promise<readonly Float32Array[]>;
}

export interface PredictionServerOptions {
  /** Most images in a batch. Default 32. */
  maxBatch?: number;
  /** Milliseconds that an image waits for others while the device is free. Default 2. */
  maxWait?: number;
  /** Most images that wait; one more is answered 503. Default 256. */
  maxQueue?: number;
  /** Milliseconds until an image that still waits is answered 503. Default 10,000. */
  timeout?: number;
  /** Most bytes of a request. Default 4 MiB. */
  bodyLimit?: number;
  /** Milliseconds between the end of health and the end of listening: what is on the wire arrives. Default 200. */
  grace?: number;
}

/** Milliseconds that a connection may be silent: as long as an image may wait, and half a minute for its batch to be computed; at least a minute. */
export function connectionTimeoutOf(timeout: number): number {
  // Beyond 2³¹ − 1, Node's timers fire at once.
  return Math.min(2 ** 31 - 1, Math.max(60_000, Math.ceil(timeout) + 30_000));
}

interface Prediction {
  readonly classes: readonly { readonly name: string; readonly probability: number }[];
}

/**
 * `POST /predict` takes a PNG or JPEG file, or JSON `{ "pixels": [[[…]]] }` with numbers from 0 to 255 in the model's shape, and gives the
 * likeliest classes (`?top=5`); `GET /health`, `GET /metrics`, `GET /`.
 */
export class PredictionServer {
  readonly #model: ServedModel;
  readonly #http: FastifyInstance;
  readonly #batcher: Batcher<HostTensor, Float32Array>;
  readonly #requests = new Counter("dl_requests_total", { help: "Requests for predictions, by status.", label: "status" });
  readonly #seconds = new Histogram("dl_request_seconds", {
    help: "Time from a request to its answer.",
    bounds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  readonly #batches = new Histogram("dl_batch_size", { help: "Images in a batch.", bounds: [1, 2, 4, 8, 16, 32, 64, 128, 256] });
  readonly #grace: number;
  #stopping = false;

  constructor(
    model: ServedModel,
    { maxBatch = 32, maxWait = 2, maxQueue = 256, timeout = 10_000, bodyLimit = 4 * 2 ** 20, grace = 200 }: PredictionServerOptions = {},
  ) {
    if (!Number.isInteger(bodyLimit) || bodyLimit < 1)
      throw new OptionError(`PredictionServer: expected a whole bodyLimit ≥ 1, got ${bodyLimit}.`);
    this.#model = model;
    this.#grace = grace;
    this.#batcher = new Batcher({
      run: (images) => model.classify(images),
      ...{ maxBatch, maxWait, maxQueue, timeout },
      onBatch: (size) => this.#batches.observe(size),
    });
    this.#http = fastify({
      bodyLimit,
      requestTimeout: 30_000,
      connectionTimeout: connectionTimeoutOf(timeout),
      forceCloseConnections: "idle",
      // What is not as the schema has it is refused: fastify's own settings would drop further keys, and make 0 of null and 7 of "7".
      ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    });
    this.#routes();
  }

  /** Starts to listen; port 0 takes a free one. Gives the address. */
  listen({ host, port }: { host: string; port: number }): Promise<string> {
    return this.#http.listen({ host, port });
  }

  /** Takes no new requests, answers those it has, and closes. */
  async close(): Promise<void> {
    this.#stopping = true;
    await new Promise((resolve) => setTimeout(resolve, this.#grace));
    // Connections are closed as their answers go out.
    const closing = this.#http.close();
    await this.#batcher.close();
    await closing;
  }

  #routes(): void {
    const { title, classNames, imageShape } = this.#model;
    const [height, width, channels] = imageShape;
    const http = this.#http;
    http.removeContentTypeParser("text/plain");
    http.addContentTypeParser(["image/png", "image/jpeg"], { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    http.addHook("onResponse", (request, reply, done) => {
      if (request.routeOptions.url === "/predict") {
        this.#requests.add(String(reply.statusCode));
        this.#seconds.observe(reply.elapsedTime / 1000);
      }
      done();
    });
    // Tells clients not to send more on a connection that is about to close.
    http.addHook("onSend", (_request, reply, payload, done) => {
      if (this.#stopping) reply.header("connection", "close");
      done(null, payload);
    });
    http.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => this.#fail(error, reply));

    http.get("/", () => ({ title, classes: classNames, imageShape }));
    http.get("/health", (_request, reply) => reply.code(this.#stopping ? 503 : 200).send({ status: this.#stopping ? "stopping" : "ok" }));
    http.get("/metrics", (_request, reply) => reply.type("text/plain; version=0.0.4").send(this.#metrics()));
    const nested = (sizes: readonly number[]): object =>
      sizes.length === 0
        ? { type: "number", minimum: 0, maximum: 255 }
        : { type: "array", minItems: sizes[0], maxItems: sizes[0], items: nested(sizes.slice(1)) };
    http.post<{ Querystring: { top: string }; Body: Buffer | { pixels: number[][][] } }>(
      "/predict",
      {
        schema: {
          // Text, as everything in an address: a whole number ≥ 1.
          querystring: {
            type: "object",
            properties: { top: { type: "string", pattern: "^[1-9][0-9]{0,8}$", default: "3" } },
            additionalProperties: false,
          },
          body: {
            content: {
              "application/json": {
                schema: {
                  type: "object",
                  required: ["pixels"],
                  properties: { pixels: nested([height, width, channels]) },
                  additionalProperties: false,
                },
              },
              "image/png": { schema: {} },
              "image/jpeg": { schema: {} },
            },
          },
        },
      },
      async ({ body, query }): Promise<Prediction> => {
        const image = Buffer.isBuffer(body)
          ? this.#model.decode(body)
          : { shape: imageShape, dtype: "float32" as const, data: Float32Array.from(body.pixels.flat(2), (byte) => byte / 255) };
        const probabilities = await this.#batcher.submit(image);
        const ranked = Array.from(probabilities, (probability, i) => ({ name: classNames[i]!, probability }));
        return { classes: ranked.sort((a, b) => b.probability - a.probability).slice(0, Number(query.top)) };
      },
    );
  }

  #fail(error: Error & { statusCode?: number; code?: string }, reply: FastifyReply): FastifyReply {
    if (error instanceof Overload || error instanceof TooLate) {
      return reply
        .code(503)
        .header("retry-after", "1")
        .send({ error: `overloaded: ${error.message}. Try again later.` });
    }
    // What the schema, the limits and the decoder of images refuse is the client's to mend.
    if (error.name === "DataError") return reply.code(400).send({ error: error.message });
    const status = error.statusCode ?? 500;
    if (status >= 500) console.error("dl serve:", error);
    return reply.code(status).send({ error: status >= 500 ? "the model failed; see the server's log" : error.message });
  }

  #metrics(): string {
    const { heapUsed, rss } = process.memoryUsage();
    const parts = [
      this.#requests.text(),
      this.#seconds.text(),
      this.#batches.text(),
      gauge("dl_queue_length", { help: "Images that wait.", value: this.#batcher.waiting }),
      gauge("process_resident_memory_bytes", { help: "Memory of the process.", value: rss }),
      gauge("process_heap_bytes", { help: "Used heap of JavaScript.", value: heapUsed }),
    ];
    return `${parts.join("\n")}\n`;
  }
}
