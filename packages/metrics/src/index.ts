/** @dl/metrics: metrics over host arrays, equal to scikit-learn's, torchmetrics', sacrebleu's and seqeval's. This file is the table of contents. */

export { Accuracy, type AccuracyOptions, type AccuracyState } from "./classification/accuracy.ts";
export { AveragePrecision } from "./classification/average-precision.ts";
export type { AveragedOptions, AveragedState } from "./classification/averaged-metric.ts";
export { BalancedAccuracy } from "./classification/balanced-accuracy.ts";
export { BrierScore } from "./classification/brier-score.ts";
export { CalibrationError, type CalibrationErrorOptions, type CalibrationState } from "./classification/calibration-error.ts";
export type { ClassInputs, PredictionInputs, ScoreInputs } from "./classification/class-inputs.ts";
export {
  type ClassificationReport,
  type ClassificationReportOptions,
  classificationReport,
  type FormatReportOptions,
  formatClassificationReport,
  type ReportRow,
} from "./classification/classification-report.ts";
export { classificationReportHtml } from "./classification/classification-report-html.ts";
export { CohenKappa, type CohenKappaOptions } from "./classification/cohen-kappa.ts";
export {
  ConfusionMatrix,
  type ConfusionMatrixOptions,
  type ConfusionMatrixState,
  normalizeConfusion,
} from "./classification/confusion-matrix.ts";
export {
  type BinaryScoreInputs,
  type PrecisionRecallCurve,
  precisionRecallCurve,
  type RocCurve,
  type RocCurveOptions,
  rocCurve,
} from "./classification/curves.ts";
export { FBeta, type FBetaOptions } from "./classification/f-beta.ts";
export { Jaccard } from "./classification/jaccard.ts";
export {
  LabelRanking,
  type LabelRankingOptions,
  type LabelRankingResult,
  type LabelRankingState,
} from "./classification/label-ranking.ts";
export { LogLoss } from "./classification/log-loss.ts";
export { MatthewsCorrelation } from "./classification/matthews-correlation.ts";
export {
  MultilabelAgreement,
  type MultilabelAgreementOptions,
  type MultilabelAgreementResult,
  type MultilabelAgreementState,
} from "./classification/multilabel-agreement.ts";
export type { BinaryTask, ClassificationTask, MulticlassTask, MultilabelTask, OutcomeState } from "./classification/outcome-counter.ts";
export type { Average, ZeroDivision } from "./classification/outcome-counts.ts";
export { Precision } from "./classification/precision.ts";
export type { ProbabilityInputs, ProbabilityMetricOptions } from "./classification/probability-inputs.ts";
export { Recall } from "./classification/recall.ts";
export { RocAuc } from "./classification/roc-auc.ts";
export type { CurveOptions, ScoreStoreState } from "./classification/score-store.ts";
export { Specificity } from "./classification/specificity.ts";
export type { ThresholdMetricOptions } from "./classification/threshold-metric.ts";
export { TopKAccuracy, type TopKAccuracyOptions } from "./classification/top-k-accuracy.ts";
export { ColumnsMetric, type ColumnsState } from "./columns-metric.ts";
export {
  boxOverlap,
  type DetectionInput,
  MeanAveragePrecision,
  type MeanAveragePrecisionInputs,
  type MeanAveragePrecisionOptions,
  type MeanAveragePrecisionResult,
  type MeanAveragePrecisionState,
  type ObjectBoxInput,
} from "./detection/mean-average-precision.ts";
export { escapeHtml } from "./escape-html.ts";
export {
  type BiasAudit,
  type BiasAuditInputs,
  type BiasAuditOptions,
  type BiasGap,
  biasAudit,
  type ClassAudit,
  type GroupSummary,
} from "./fairness/bias-audit.ts";
export { biasAuditHtml, formatBiasAudit } from "./fairness/bias-audit-report.ts";
export { ByGroup, type ByGroupOptions, type ByGroupState, type GroupResult } from "./fairness/by-group.ts";
export { type FairnessResult, GroupFairness, type GroupFairnessOptions, type GroupRates } from "./fairness/group-fairness.ts";
export type { Groups } from "./fairness/group-rows.ts";
export {
  type FeatureInputs,
  FeatureStatistics,
  type FeatureStatisticsOptions,
  type FeatureStatisticsState,
  type GaussianStatistics,
} from "./generation/feature-statistics.ts";
export {
  FrechetDistance,
  type FrechetDistanceOptions,
  type FrechetInputs,
  type FrechetState,
  frechetDistance,
} from "./generation/frechet-distance.ts";
export {
  InceptionScore,
  type InceptionScoreInputs,
  type InceptionScoreOptions,
  type InceptionScoreState,
  inceptionScoreOfParts,
} from "./generation/inception-score.ts";
export {
  type KernelDistanceInputs,
  type KernelDistanceOptions,
  type KernelDistanceResult,
  kernelDistance,
} from "./generation/kernel-distance.ts";
export { type ManifoldInputs, type ManifoldOptions, type ManifoldScores, manifoldScores } from "./generation/manifold-scores.ts";
export { symmetricEigenvalues } from "./generation/symmetric-eigenvalues.ts";
export type { ImagePairInputs, ImageRangeOptions } from "./image/image-inputs.ts";
export { Psnr } from "./image/psnr.ts";
export { Ssim, type SsimOptions } from "./image/ssim.ts";
export { Bleu, type BleuOptions, type BleuResult, sentenceBleu } from "./language/bleu.ts";
export type { BleuTokenizer } from "./language/bleu-tokenizers.ts";
export { Chrf, type ChrfOptions } from "./language/chrf.ts";
export { countEdits, type EditCounts } from "./language/edit-counts.ts";
export { type Entity, entitiesOf, type TagScheme } from "./language/entities.ts";
export {
  type EntityInputs,
  type EntityResult,
  type EntityRow,
  EntityScore,
  type EntityScoreOptions,
  type EntityState,
} from "./language/entity-score.ts";
export { ErrorRate, type ErrorRateOptions, type ErrorRates } from "./language/error-rate.ts";
export { Perplexity, type PerplexityInputs, type PerplexityOptions } from "./language/perplexity.ts";
export { Rouge, type RougeOptions, type RougeScore } from "./language/rouge.ts";
export { Squad, type SquadResult } from "./language/squad.ts";
export { Ter, type TerOptions, type TerResult } from "./language/ter.ts";
export type { TextInputs } from "./language/text-inputs.ts";
export { Mean, type MeanInputs, type MeanState } from "./mean.ts";
export type { Metric } from "./metric.ts";
export { flatNumbers, type Numbers } from "./numbers.ts";
export { type MembershipAudit, type MembershipInputs, membershipInference } from "./privacy/membership-inference.ts";
export { Dcg } from "./ranking/dcg.ts";
export { HitRateAtK } from "./ranking/hit-rate-at-k.ts";
export { RetrievalMeanAveragePrecision } from "./ranking/mean-average-precision.ts";
export { MeanReciprocalRank } from "./ranking/mean-reciprocal-rank.ts";
export { Ndcg, type NdcgOptions } from "./ranking/ndcg.ts";
export { PrecisionAtK } from "./ranking/precision-at-k.ts";
export type { CutoffOptions } from "./ranking/query-metric.ts";
export type { RankingInputs } from "./ranking/ranking-inputs.ts";
export { RecallAtK } from "./ranking/recall-at-k.ts";
export { ExplainedVariance } from "./regression/explained-variance.ts";
export { KendallCorrelation } from "./regression/kendall-correlation.ts";
export { MaxError, type MaxErrorState } from "./regression/max-error.ts";
export { MeanAbsoluteError } from "./regression/mean-absolute-error.ts";
export { MeanAbsolutePercentageError } from "./regression/mean-absolute-percentage-error.ts";
export { MeanSquaredError } from "./regression/mean-squared-error.ts";
export { MeanSquaredLogError } from "./regression/mean-squared-log-error.ts";
export { MedianAbsoluteError } from "./regression/median-absolute-error.ts";
export { MultiOutput, type MultiOutputOptions, type MultiOutputResult, type MultiOutputState } from "./regression/multi-output.ts";
export { PearsonCorrelation } from "./regression/pearson-correlation.ts";
export { PinballLoss, type PinballLossOptions } from "./regression/pinball-loss.ts";
export { R2Score } from "./regression/r2-score.ts";
export type { RegressionInputs } from "./regression/regression-inputs.ts";
export { RootMeanSquaredError } from "./regression/root-mean-squared-error.ts";
export { SpearmanCorrelation } from "./regression/spearman-correlation.ts";
export { TweedieDeviance, type TweedieDevianceOptions } from "./regression/tweedie-deviance.ts";
export { type BootstrapInterval, type BootstrapOptions, bootstrapInterval } from "./significance/bootstrap.ts";
export { drawRows } from "./significance/draw-rows.ts";
export { type McNemarInputs, type McNemarOptions, type McNemarResult, mcNemar } from "./significance/mcnemar.ts";
export { type PairedBootstrapOptions, type PairedBootstrapResult, pairedBootstrap } from "./significance/paired-bootstrap.ts";
export { SumsMetric, type SumsState } from "./sums-metric.ts";
