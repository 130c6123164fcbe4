/** Pictures with their captions as one HTML page, without scripts and without other files. */

import { OptionError } from "@dl/core";
import { escapeHtml } from "@dl/metrics";

export interface Panel {
  readonly caption: string;
  /** A PNG file. */
  readonly png: Uint8Array;
}

export interface ExplanationPageOptions {
  readonly title: string;
  /** A line under the title. */
  readonly text?: string;
}

/** The page as text; captions are escaped. */
export function explanationPage(panels: readonly Panel[], { title, text = "" }: ExplanationPageOptions): string {
  if (panels.length === 0) throw new OptionError("explanationPage: expected at least one panel, got none.");
  const figures = panels.map(
    ({ caption, png }) =>
      `<figure><img alt="${escapeHtml(caption)}" src="data:image/png;base64,${base64(png)}"><figcaption>${escapeHtml(caption)}</figcaption></figure>`,
  );
  const style =
    "body{font:14px sans-serif;margin:2em}figure{display:inline-block;margin:0 1em 1em 0;text-align:center}img{width:280px;image-rendering:pixelated}";
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title><style>${style}</style></head><body>\n<h1>${escapeHtml(title)}</h1>\n<p>${escapeHtml(text)}</p>\n${figures.join("\n")}\n</body></html>\n`;
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  // In pieces: fromCharCode takes its characters as arguments.
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary);
}
