/** HTML that cannot be injected into: what is interpolated is escaped, unless it is markup itself. */

import { escapeHtml } from "@dl/metrics";

/** A piece of finished HTML. */
export class Markup {
  readonly html: string;
  constructor(html: string) {
    this.html = html;
  }
}

/** What may stand in a template: text and numbers are escaped, lists are joined, `undefined` and `false` are nothing. */
export type Content = Markup | string | number | false | undefined | readonly Content[];

/**
 * @example
 * html`<td title="${name}">${count}</td>`
 */
export function html(literals: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return new Markup(literals.reduce((text, literal, i) => text + render(contents[i - 1]) + literal));
}

function render(content: Content): string {
  if (content === undefined || content === false) return "";
  if (content instanceof Markup) return content.html;
  if (typeof content === "string" || typeof content === "number") return escapeHtml(String(content));
  return content.map(render).join("");
}
