/** The report of `inspectData` as one HTML file that needs nothing else: tables, sample pictures, what is doubtful. */

import type { HostTensor } from "@dl/core";
import { encode as encodePng } from "fast-png";
import type { Dataset } from "../dataset.ts";
import { describeClassDifference, describeDoubtful } from "./describe-report.ts";
import type { DataReport, ExamplePlace } from "./inspect-data.ts";
import type { SplitReport } from "./inspect-split.ts";

export interface DataReportHtmlOptions {
  /** The splits that were inspected: their pictures are shown. */
  splits: Readonly<Record<string, Dataset>>;
  /** Default `"Data"`. */
  title?: string | undefined;
  /** Pictures of each class, and doubtful examples of each kind. Default 8. */
  samples?: number | undefined;
  /** Default `"labels"`. */
  labelField?: string | undefined;
  /** Default `"images"`. */
  imageField?: string | undefined;
}

/**
 * The whole page. What comes from the data (names, reasons) is escaped. Pictures that it shows are read again; where labels are no `column` of
 * a split, so are its examples from the first on, until each class has its samples.
 */
export function dataReportHtml(report: DataReport, options: DataReportHtmlOptions): string {
  const { title = "Data", samples = 8 } = options;
  const page = new Page(report, options, samples);
  const groups = [
    page.groups("In more than one split", "What a test would measure by heart.", report.leaks),
    page.groups("Same content, different labels", "At most one of the labels is right.", report.conflicts),
    page.groups("Duplicates within a split", "", report.duplicates),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)}</title>
<style>${style}</style></head><body><main>
<h1>${escape(title)}</h1>
${page.classDifferences()}
${report.splits.map((split) => page.split(split)).join("\n")}
${groups.join("\n")}
</main></body></html>
`;
}

class Page {
  readonly #report: DataReport;
  readonly #options: DataReportHtmlOptions;
  readonly #samples: number;

  constructor(report: DataReport, options: DataReportHtmlOptions, samples: number) {
    this.#report = report;
    this.#options = options;
    this.#samples = samples;
  }

  classDifferences(): string {
    const found = this.#report.classDifferences.map((difference) => `<li>${escape(describeClassDifference(difference))}</li>`);
    return found.length === 0 ? "" : `<section><h2>Classes that differ</h2><ul>${found.join("")}</ul></section>`;
  }

  split(split: SplitReport): string {
    const facts: [string, string][] = [
      ["examples", String(split.examples)],
      ...Object.entries(split.fields).map(([field, forms]): [string, string] => [
        field,
        forms.slice(0, 3).join(", ") + (forms.length > 3 ? ` and ${forms.length - 3} other forms` : ""),
      ]),
      ["largest class over smallest", split.imbalance === undefined ? "no labels" : split.imbalance.toFixed(2)],
      ["channel means", split.channels?.mean.map((value) => value.toFixed(4)).join(", ") ?? "–"],
      ["channel deviations", split.channels?.standardDeviation.map((value) => value.toFixed(4)).join(", ") ?? "–"],
      ["damaged", String(split.damaged.length)],
      ["with NaN or infinity", String(split.notFinite.length)],
      ["of one value everywhere", String(split.constant.length)],
      ["labels of no class", String(split.badLabels.length)],
      ["files left out", String(split.leftOut.length)],
      ["doubtful labels", describeDoubtful(split)],
    ];
    const rows = facts.map(([name, value]) => `<tr><th>${escape(name)}</th><td>${escape(value)}</td></tr>`).join("");
    const damaged = split.damaged
      .slice(0, 20)
      .map(({ index, reason }) => `<li>example ${index}: ${escape(reason)}</li>`)
      .join("");
    const bad = split.badLabels
      .slice(0, 20)
      .map(({ index, label }) => `<li>example ${index}: ${label}</li>`)
      .join("");
    const leftOut = split.leftOut
      .slice(0, 20)
      .map(({ path, reason }) => `<li>${escape(`${path}: ${reason}`)}</li>`)
      .join("");
    return `<section><h2>${escape(split.name)}</h2><table>${rows}</table>${this.#classes(split)}
${leftOut === "" ? "" : `<h3>Files left out</h3><ul>${leftOut}</ul>`}${damaged === "" ? "" : `<h3>Damaged</h3><ul>${damaged}</ul>`}${bad === "" ? "" : `<h3>Labels of no class</h3><ul>${bad}</ul>`}${this.#doubtful(split)}</section>`;
  }

  groups(heading: string, remark: string, groups: readonly (readonly ExamplePlace[])[]): string {
    const shown = groups.slice(0, this.#samples).map((group) => {
      const pictures = group.slice(0, 6).map((place) => this.#figure(place, `${place.split} ${place.index}, ${this.#labelOf(place)}`));
      return `<div class="row">${pictures.join("")}</div>`;
    });
    return `<section><h2>${escape(heading)}: ${groups.length}</h2>${remark === "" ? "" : `<p>${escape(remark)}</p>`}${shown.join("\n")}</section>`;
  }

  /** A bar and a few pictures for each class. */
  #classes({ name, classCounts }: SplitReport): string {
    if (classCounts === undefined) return "";
    const most = Math.max(...classCounts, 1);
    const dataset = this.#options.splits[name]!;
    const samples = classCounts.map((): number[] => []);
    for (let index = 0, missing = classCounts.length; index < dataset.length && missing > 0; index++) {
      const label = this.#label({ split: name, index });
      const list = label === undefined ? undefined : samples[label];
      if (list === undefined || list.length >= this.#samples) continue;
      list.push(index);
      if (list.length === this.#samples) missing--;
    }
    const rows = classCounts.map((count, label) => {
      const pictures = samples[label]!.map((index) => this.#picture({ split: name, index })).join("");
      const bar = `<span class="bar" style="width:${((100 * count) / most).toFixed(1)}%"></span>`;
      return `<tr><th>${escape(this.#className(name, label))}</th><td class="count">${count}</td><td class="bars">${bar}</td><td>${pictures}</td></tr>`;
    });
    return `<h3>Classes</h3><table>${rows.join("")}</table>`;
  }

  #doubtful({ name, labelNoise }: SplitReport): string {
    if (labelNoise.length === 0) return "";
    const shown = labelNoise.slice(0, 3 * this.#samples).map(({ index, label, suggested, suggestedProbability }) => {
      const text = `${index}: ${this.#className(name, label)}, or ${this.#className(name, suggested)} (${(100 * suggestedProbability).toFixed(0)} %)`;
      return this.#figure({ split: name, index }, text);
    });
    return `<h3>Doubtful labels</h3><div class="row">${shown.join("")}</div>`;
  }

  #figure(place: ExamplePlace, caption: string): string {
    return `<figure>${this.#picture(place)}<figcaption>${escape(caption)}</figcaption></figure>`;
  }

  #picture({ split, index }: ExamplePlace): string {
    const { imageField = "images" } = this.#options;
    let image: HostTensor | undefined;
    try {
      image = this.#options.splits[split]!.get(index)[imageField];
    } catch {
      // The damage is listed already; here there is nothing to show.
      return "";
    }
    return image === undefined ? "" : pictureOf(image);
  }

  #label({ split, index }: ExamplePlace): number | undefined {
    const { labelField = "labels" } = this.#options;
    const dataset = this.#options.splits[split]!;
    const column = dataset.column?.(labelField);
    if (column !== undefined) return column.data[index];
    try {
      return dataset.get(index)[labelField]?.data[0];
    } catch {
      return undefined;
    }
  }

  #labelOf(place: ExamplePlace): string {
    const label = this.#label(place);
    return label === undefined ? "no label" : this.#className(place.split, label);
  }

  #className(split: string, label: number): string {
    const { splits, classNames } = this.#report;
    return (splits.find(({ name }) => name === split)?.classNames ?? classNames)?.[label] ?? String(label);
  }
}

/** `[H, W, 1]` or `[H, W, 3]` with values in [0, 1] as an image of the page. */
function pictureOf({ shape, data }: HostTensor): string {
  const [height, width, channels] = shape;
  if (shape.length !== 3 || (channels !== 1 && channels !== 3) || data.length === 0) return "";
  const bytes = Uint8Array.from(data, (value) => Math.min(255, Math.max(0, Math.round(255 * value))));
  const png = encodePng({ width: width!, height: height!, channels, depth: 8, data: bytes });
  let binary = "";
  for (const byte of png) binary += String.fromCharCode(byte);
  return `<img alt="" src="data:image/png;base64,${btoa(binary)}">`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const style = `
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 1100px; margin: 0 auto; padding: 40px 20px; }
section { border-top: 1px solid #8884; margin-top: 28px; padding-top: 12px; }
table { border-collapse: collapse; } th { text-align: left; font-weight: 500; padding: 2px 16px 2px 0; } td { padding: 2px 12px 2px 0; }
.count { text-align: right; font-variant-numeric: tabular-nums; } .bars { width: 160px; }
.bar { display: inline-block; height: 10px; border-radius: 2px; background: #2563d9; vertical-align: middle; }
img { width: 48px; height: 48px; object-fit: contain; image-rendering: pixelated; margin: 1px; background: #8882; }
.row { display: flex; flex-wrap: wrap; gap: 10px; margin: 8px 0; } figure { margin: 0; width: 120px; } figcaption { font-size: 12px; }
figure img { width: 96px; height: 96px; }
`;
