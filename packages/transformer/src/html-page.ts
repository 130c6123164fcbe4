/** What the pages that look inside a model share: one file that loads nothing, text that is never markup, and grids of cells. */

const style =
  "body{font:14px system-ui;margin:2em;background:#fff;color:#222}section{display:flex;flex-wrap:wrap;gap:1em}figure{margin:0;width:14em}svg{width:100%;background:#f2f4f8;fill:#0b4fa0}span{background:#eef;padding:0 .3em}table{border-collapse:collapse}th,td{padding:.2em .5em;text-align:left;font-weight:400;white-space:pre}thead th{background:#f2f4f8}";

/** @param body  Markup, its texts escaped */
export function page(title: string, body: string): string {
  const heading = escapedText(title);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${heading}</title><style>${style}</style></head><body><h1>${heading}</h1>${body}</body></html>\n`;
}

export function escapedText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Squares, each as dark as its `opacity` from 0 to 1, with a note that a pointer shows. */
export function cellGrid(
  { rows, columns }: { rows: number; columns: number },
  cell: (row: number, column: number) => { opacity: number; note: string },
): string {
  const cells = Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const { opacity, note } = cell(row, column);
    return `<rect x="${column * 12}" y="${row * 12}" width="12" height="12" fill-opacity="${opacity.toFixed(3)}"><title>${escapedText(note)}</title></rect>`;
  });
  return `<svg viewBox="0 0 ${columns * 12} ${rows * 12}" role="img">${cells.join("")}</svg>`;
}
