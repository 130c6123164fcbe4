/** @dl/train: what training needs around the loop. This file is the table of contents; files and folders are in `@dl/train/node`. */

export { encodePng, type PixelRange, type Pixels, pixelsOf } from "./pixels.ts";
export { type Progress, ProgressBar, type ProgressBarOptions, type Terminal } from "./progress-bar.ts";
export { formatCount, formatDuration, formatMetric, formatRate } from "./quantity.ts";
export type { ConfusionView } from "./report/confusion-heat-map.ts";
export type { ChartPoint, ChartSeries, LineChart } from "./report/line-chart.ts";
export { type ReportItem, type RunReport, renderRunReport } from "./report/run-report.ts";
export { type Mistake, type MistakeView, type WorstMistakesOptions, worstMistakes } from "./report/worst-mistakes.ts";
