/** @dl/train: what training needs around the loop. This file is the table of contents; files and folders are in `@dl/train/node`. */

export type { Callback, EpochRecord, FitSave, FitSetup, FitState, Metrics, Moment, Run, StepRecord } from "./callback.ts";
export { EarlyStopping, type EarlyStoppingOptions } from "./callbacks/early-stopping.ts";
export { NanStop } from "./callbacks/nan-stop.ts";
export { ReduceOnPlateau, type ReduceOnPlateauOptions } from "./callbacks/reduce-on-plateau.ts";
export { ShowProgress, type ShowProgressOptions } from "./callbacks/show-progress.ts";
export { type CheckLabelsOptions, checkLabels } from "./check-labels.ts";
export { balancedClassWeights } from "./class-weights.ts";
// The loop of `fit`, for steps of another kind with the same callbacks and checkpoints
export { type Average, EpochLoop, type EpochLoopOptions, type FitResult } from "./epoch-loop.ts";
export { EqualAverage, type EqualAverageOptions } from "./equal-average.ts";
export { type EvaluateOptions, evaluate, type Means } from "./evaluate.ts";
export { type FindLearningRateOptions, type FoundLearningRate, findLearningRate, type LearningRatePoint } from "./find-learning-rate.ts";
export { type FitOptions, fit, type StepResult, type Tensors } from "./fit.ts";
export { fromJson, toJson } from "./json-numbers.ts";
export { type OverfitOneBatchOptions, type OverfitReport, overfitOneBatch } from "./overfit-one-batch.ts";
export type { ExampleSource } from "./pass-over.ts";
export { encodePng, type PixelRange, type Pixels, pixelsOf } from "./pixels.ts";
export { type Progress, ProgressBar, type ProgressBarOptions, type Terminal } from "./progress-bar.ts";
export { formatCount, formatDuration, formatMetric, formatRate } from "./quantity.ts";
// Reports: of a run, and the parts for reports of other kinds
export type { ChartPoint } from "./report/chart-frame.ts";
export type { ConfusionView } from "./report/confusion-heat-map.ts";
export { type ChartSeries, type LineChart, renderLineChart } from "./report/line-chart.ts";
export { type Content, html, Markup } from "./report/markup.ts";
export { type ReportItem, type ReportPage, renderReportPage } from "./report/report-page.ts";
export { type RunReport, renderRunReport } from "./report/run-report.ts";
export { renderScatterChart, type ScatterChart, type ScatterGroup, type ScatterPoint } from "./report/scatter-chart.ts";
export { type Mistake, type MistakeView, type WorstMistakesOptions, worstMistakes } from "./report/worst-mistakes.ts";
