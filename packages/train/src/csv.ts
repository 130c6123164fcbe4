/** Comma-separated values. RFC 4180, with lines ended by `\n` as Unix tools expect; `\r\n` is read too. */

/** Cells as one line; those with commas, quotes or line breaks are quoted. */
export function formatCsvRow(cells: readonly string[]): string {
  return `${cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",")}\n`;
}

export interface ParsedCsv {
  readonly rows: readonly (readonly string[])[];
  /** What stands after the last whole line: a row torn by a crash. */
  readonly torn: string;
}

/** Rows of a file of our own making: every whole row ends with a line break outside quotes. */
export function parseCsv(text: string): ParsedCsv {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  let rowStart = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[i + 1] === '"') cell += text[i++]!;
      else quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === ",") {
      row.push(cell);
      cell = "";
    } else if (character === "\n") {
      row.push(cell.endsWith("\r") ? cell.slice(0, -1) : cell);
      rows.push(row);
      row = [];
      cell = "";
      rowStart = i + 1;
    } else cell += character;
  }
  return { rows, torn: text.slice(rowStart) };
}
