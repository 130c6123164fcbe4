/** @dl/metrics: metrics over host arrays, equal to scikit-learn's. This file is the table of contents. */

export { Accuracy, type AccuracyOptions, type AccuracyState } from "./classification/accuracy.ts";
export type { ClassInputs, PredictionInputs, ScoreInputs } from "./classification/class-inputs.ts";
export {
  type ClassificationReport,
  type ClassificationReportOptions,
  classificationReport,
  type FormatReportOptions,
  formatClassificationReport,
  type ReportRow,
} from "./classification/classification-report.ts";
export {
  ConfusionMatrix,
  type ConfusionMatrixOptions,
  type ConfusionMatrixState,
  normalizeConfusion,
} from "./classification/confusion-matrix.ts";
export type { Average, ZeroDivision } from "./classification/outcome-counts.ts";
export { TopKAccuracy, type TopKAccuracyOptions } from "./classification/top-k-accuracy.ts";
export { Mean, type MeanInputs, type MeanState } from "./mean.ts";
export type { Metric } from "./metric.ts";
export type { Numbers } from "./numbers.ts";
