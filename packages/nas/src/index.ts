/** @dl/nas: searching for architectures and hyper-parameters. */

// The engine
export { type Evaluate, TrialFailed, TrialStopped, type TrialTask } from "./engine/evaluate.ts";
export { journalHead, readJournal } from "./engine/journal-text.ts";
export type { Measurements, Objectives } from "./engine/objectives.ts";
export type { SearchProblem } from "./engine/problem.ts";
export { type FinishedTrial, type SearchLimits, type SearchOptions, type SearchResult, search } from "./engine/search.ts";
export { medianStopping, rungStopping, type StoppingRule } from "./engine/stopping.ts";
export type { Journal, SearchIdentity, TrialRecord, TrialReport } from "./engine/trial-record.ts";
// Networks
export {
  BlockCellNetwork,
  type BlockCellNetworkOptions,
  type BlockCells,
  type BlockOperation,
  nasnetSpace,
} from "./networks/block-cell-network.ts";
export {
  type CellOperation,
  type CellOperationMaker,
  type CellOperationModule,
  type CellOperationOptions,
  cellOperations,
} from "./networks/cell-operations.ts";
export { CellStack, type CellStackOptions } from "./networks/cell-stack.ts";
export { type DartsStepOptions, dartsStep } from "./networks/darts.ts";
export { EdgeCellNetwork, type EdgeCellNetworkOptions } from "./networks/edge-cell-network.ts";
export { EdgeCellSupernet, type EdgeCellSupernetOptions } from "./networks/edge-cell-supernet.ts";
export { type MlpValue, mlpNetwork, mlpSpace } from "./networks/mlp.ts";
export {
  type MobileBlock,
  MobileNetwork,
  type MobileNetworkOptions,
  type MobileNetworkValue,
  type MobileStage,
  mobileSpace,
} from "./networks/mobile-network.ts";
export { type NetworkCost, networkCost } from "./networks/network-cost.ts";
export { singlePathStep, type WeightSharingOptions, weightSharing } from "./networks/one-shot.ts";
// Proxies: networks judged without training
export { gradientNorm } from "./proxies/gradient-norm.ts";
export { jacobianCovariance } from "./proxies/jacobian-covariance.ts";
export { naswot } from "./proxies/naswot.ts";
export type { ProxyOptions } from "./proxies/proxy-options.ts";
export { synFlow } from "./proxies/syn-flow.ts";
// Reports
export { type PresetSource, presetSource } from "./report/preset-source.ts";
export { renderSearchReport, type SearchReport } from "./report/search-report.ts";
// Spaces
export { type BlockCell, type BlockCellOptions, type BlockInput, blockCell, unusedBlocks } from "./space/block-cell.ts";
export {
  type Candidate,
  crossover,
  encode,
  enumerate,
  express,
  type Genotype,
  mutate,
  neighbours,
  ofGenotype,
  sample,
} from "./space/candidate.ts";
export { type Constant, choice } from "./space/choice.ts";
export { type Decide, type Decision, type Domain, domainSize } from "./space/decision.ts";
export { type Edge, type EdgeCell, type EdgeCellOptions, edgeCell } from "./space/edge-cell.ts";
export { type OneOf, oneOf, optional } from "./space/one-of.ts";
export { float, integer, type RangeOptions } from "./space/range.ts";
export { record } from "./space/record.ts";
export { repeat } from "./space/repeat.ts";
export type { Space, ValueOf } from "./space/space.ts";
export { type TrainingValue, trainingSpace } from "./space/training-space.ts";
export { type TransformerValue, transformerSpace } from "./space/transformer-space.ts";
// Strategies
export { type AshaOptions, asha } from "./strategies/asha.ts";
export { type BayesianOptimizationOptions, bayesianOptimization } from "./strategies/bayesian-optimization.ts";
export { type GeneticAlgorithmOptions, geneticAlgorithm } from "./strategies/genetic-algorithm.ts";
export { gridSearch } from "./strategies/grid-search.ts";
export { localSearch } from "./strategies/local-search.ts";
export { type NeuralPredictorOptions, neuralPredictor } from "./strategies/neural-predictor.ts";
export { type Nsga2Options, nsga2 } from "./strategies/nsga2.ts";
export { crowdingDistances, dominates, paretoFronts } from "./strategies/pareto.ts";
export { type PolicyGradientOptions, policyGradient } from "./strategies/policy-gradient.ts";
export { type PopulationBasedTrainingOptions, populationBasedTraining } from "./strategies/population-based-training.ts";
export { randomSearch } from "./strategies/random-search.ts";
export { type RegularizedEvolutionOptions, regularizedEvolution } from "./strategies/regularized-evolution.ts";
export type { Proposal, Strategy, Trial } from "./strategies/strategy.ts";
export { type HyperbandOptions, hyperband, type SuccessiveHalvingOptions, successiveHalving } from "./strategies/successive-halving.ts";
export { type TreeParzenEstimatorOptions, treeParzenEstimator } from "./strategies/tree-parzen-estimator.ts";
