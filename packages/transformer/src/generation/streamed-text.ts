/** Text as tokens write it, piece by piece: no half of a character is shown while the other may come. */

/**
 * @example no-run
 * const text = new StreamedText((ids) => tokenizer.decode(ids));
 * await generate(model, [prompt], { device, newTokens: 64, onToken: ({ id }) => process.stdout.write(text.push(id)) });
 * process.stdout.write(text.end());
 */
export class StreamedText {
  readonly #ids: number[];
  readonly #decode: (ids: readonly number[]) => string;
  #shown: string;

  /** @param before  Tokens in front, which are not shown again: what follows may be decoded in another way behind them. Default none. */
  constructor(decode: (ids: readonly number[]) => string, before: readonly number[] = []) {
    this.#decode = decode;
    this.#ids = [...before];
    this.#shown = decode(this.#ids);
  }

  /** What became whole by one more token; may be empty. */
  push(id: number): string {
    this.#ids.push(id);
    const whole = this.#decode(this.#ids);
    // A token may hold half of a character: what is not whole yet waits.
    return whole.endsWith("\ufffd") ? "" : this.#show(whole);
  }

  /** What still waited when the last token was there: half a character, as `decode` writes it; mostly empty. */
  end(): string {
    return this.#show(this.#decode(this.#ids));
  }

  #show(whole: string): string {
    const more = whole.slice(this.#shown.length);
    this.#shown = whole;
    return more;
  }
}
