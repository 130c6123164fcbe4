/** Classes of images by their names alone: CLIP compares an image with texts about each. Radford et al. 2021, arXiv:2103.00020, section 3.1. */

import {
  DataError,
  type Device,
  div,
  exp,
  type HostTensor,
  hostTensor,
  matmul,
  mean,
  norm,
  OptionError,
  softmax,
  type Tensor,
  tensor,
} from "@dl/core";
import { inference } from "@dl/nn";
import { padTokens } from "../collators/pad-tokens.ts";
import type { Clip } from "../models/clip.ts";

export interface ZeroShotOptions {
  device: Device;
  /** Names of the classes, as they stand in a text. */
  classes: readonly string[];
  /** Texts about a class; `{}` stands for its name. Several are an ensemble, section 3.1.4. Default `["a photo of a {}."]`. */
  templates?: readonly string[];
  /** Token ids of a text, with those around it: `(text) => tokenizer.encode(text).ids`. */
  encode: (text: string) => readonly number[];
}

export interface ZeroShotClassifier {
  readonly classes: readonly string[];
  /** `[classes, projection]`: a vector of length 1 for each class. */
  readonly vectors: HostTensor;
  /** Inside `compute`: images `[B, S, S, channels]` → the probability of each class, `[B, classes]`. */
  probabilities(images: Tensor): Tensor;
}

/**
 * A classifier without training: of each class the vectors of its texts, each of length 1, are averaged, and the mean is made as long again.
 *
 * @throws OptionError for no classes, no templates or one without `{}`; DataError for texts that are too long, or have no end token.
 * @example no-run
 * const classifier = await zeroShotClassifier(model, { device, classes: ["cat", "dog"], encode: (text) => tokenizer.encode(text).ids });
 * const probabilities = await device.compute(() => classifier.probabilities(tensor(images))); // [B, 2]
 */
export async function zeroShotClassifier(model: Clip, options: ZeroShotOptions): Promise<ZeroShotClassifier> {
  const { device, classes, templates = ["a photo of a {}."], encode } = options;
  if (classes.length === 0) throw new OptionError("zeroShotClassifier: expected names of classes, got none.");
  const without = templates.find((template) => !template.includes("{}"));
  if (templates.length === 0 || without !== undefined) {
    throw new OptionError(
      `zeroShotClassifier: expected templates with {} where the name of the class stands, got ${without === undefined ? "none" : JSON.stringify(without)}.`,
    );
  }
  const { endId, context } = model.options.text;
  const rows: Float32Array[] = [];
  // A class at a time: its texts are few, all together may be many thousands.
  for (const name of classes) {
    const texts = templates.map((template) => encode(template.replaceAll("{}", () => name)));
    if (texts.some((ids) => !ids.includes(endId))) {
      throw new DataError(
        `zeroShotClassifier: expected texts with the end token ${endId}, whose vector is the text's, got one of ${JSON.stringify(name)} without. Encode with special tokens.`,
      );
    }
    const { ids } = padTokens(
      texts.map((ids) => ({ ids })),
      { padId: endId, maximum: context },
    );
    const { data } = await device.compute(() => {
      const average = mean(model.encodeTexts({ ids: tensor(ids) }, inference), 0, { keepDims: true }); // [1, projection]
      return div(average, norm(average, -1, { keepDims: true }));
    });
    rows.push(Float32Array.from(data));
  }
  const size = model.options.projection;
  const vectors = hostTensor(Float32Array.from(rows.flatMap((row) => Array.from(row))), [classes.length, size]);
  return {
    classes,
    vectors,
    probabilities(images) {
      const seen = model.encodeImages(images, inference); // [B, projection]
      return softmax(matmul(seen, tensor(vectors), { transposeB: true }).mul(exp(model.logitScale.value)));
    },
  };
}
