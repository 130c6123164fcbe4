/** Texts with a class each: what the sets for text classification give. */

export interface ClassifiedTexts {
  readonly texts: readonly string[];
  /** One for each text, its class's place in `classNames`. */
  readonly labels: Int32Array;
  readonly classNames: readonly string[];
}
