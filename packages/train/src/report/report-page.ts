/** The page every report is: a title, its results in large type, what it shows, and how it was made. It loads nothing from anywhere. */

import { type Content, html, Markup } from "./markup.ts";
import { reportStyle } from "./report-style.ts";

/** A name with a value. */
export interface ReportItem {
  readonly name: string;
  readonly value: string;
}

export interface ReportPage {
  /** What kind of report it is: `Training report`. */
  readonly overline: string;
  readonly title: string;
  /** One sentence under the title. */
  readonly subtitle?: string;
  /** The results, in large type. */
  readonly highlights?: readonly ReportItem[];
  /** Cards, such as the figures of `renderLineChart`. */
  readonly body: Content;
  /** How it was made: command, seed, versions. */
  readonly summary: readonly ReportItem[];
  /** The package that writes it, for the footer. */
  readonly writer: string;
}

/**
 * The page as an HTML document. Its content policy forbids scripts and requests.
 *
 * @example
 * const body = html`<section class="card"><h2>Notes</h2><p>${"escaped <b>"}</p></section>`;
 * renderReportPage({ overline: "Report", title: "Mine", body, summary: [], writer: "me" });
 */
export function renderReportPage({ overline, title, subtitle, highlights = [], body, summary, writer }: ReportPage): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Markup(reportStyle)}</style>
</head>
<body>
<main>
<header><p class="overline">${overline}</p><h1>${title}</h1>${subtitle !== undefined && html`<p class="subtitle">${subtitle}</p>`}</header>
${highlights.length > 0 && html`<dl class="highlights">${highlights.map(({ name, value }) => html`<div class="card"><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`}
${body}
<section class="card"><h2>Run</h2><dl class="summary">${summary.map(({ name, value }) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></section>
<footer>Written by ${writer}. Nothing in this file loads from the network.</footer>
</main>
</body>
</html>
`;
  return page.html;
}
