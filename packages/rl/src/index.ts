/** @dl/rl: environments, wrappers, and reinforcement learning algorithms. This file is the table of contents; workers of Node are in `@dl/rl/node`. */

// Algorithms
export { A2c, type A2cOptions } from "./algorithms/a2c.ts";
export { ActorCritic, type FitValuesOptions, fitValues } from "./algorithms/actor-critic.ts";
export { type ActOptions, Algorithm, type AlgorithmOptions, type ExtraState, type LogRow } from "./algorithms/algorithm.ts";
export { type CloneBehaviourOptions, cloneBehaviour, type Demonstrations } from "./algorithms/behavioural-cloning.ts";
export { type AtomsOptions, projectAtoms } from "./algorithms/categorical-projection.ts";
export { DiscreteSac, type DiscreteSacOptions } from "./algorithms/discrete-sac.ts";
export { Dqn, type DqnOptions, quantileLoss } from "./algorithms/dqn.ts";
export {
  type CrossEntropyOptions,
  crossEntropyMethod,
  type EvolutionLog,
  type EvolutionStrategyOptions,
  evolutionStrategy,
  type Fitness,
} from "./algorithms/evolution.ts";
export { OffPolicyAlgorithm, type OffPolicyPlan } from "./algorithms/off-policy.ts";
export { OnPolicyAlgorithm, type RolloutPlan } from "./algorithms/on-policy.ts";
export { Ppo, type PpoOptions } from "./algorithms/ppo.ts";
export { type PpoLoss, type PpoLossOptions, ppoLoss } from "./algorithms/ppo-loss.ts";
export { QNetwork, type QNetworkOptions, type ReturnKind } from "./algorithms/q-network.ts";
export { RecurrentActorCritic, RecurrentPpo, type RecurrentPpoOptions } from "./algorithms/recurrent-ppo.ts";
export { Reinforce, type ReinforceOptions } from "./algorithms/reinforce.ts";
export { type RolloutBatch, type RolloutRows, rowsOf } from "./algorithms/rollout.ts";
export { Sac, type SacOptions, SquashedActor, Temperature } from "./algorithms/sac.ts";
export { TabularQ, type TabularQAgentOptions } from "./algorithms/tabular-agent.ts";
export { iterateValues, learnQTable, QTable, type TabularQOptions } from "./algorithms/tabular-q.ts";
export { DeterministicActor, ddpg, Td3, type Td3Options } from "./algorithms/td3.ts";
export { type LearnOfflineOptions, learnOffline, type OfflineAgent } from "./algorithms/td3-bc.ts";
export { Trpo, type TrpoOptions } from "./algorithms/trpo.ts";
export { type ContinuousNetworkOptions, TwinCritic } from "./algorithms/twin-critic.ts";
// Environments
export { type CheckEnvironmentOptions, checkEnvironment } from "./check-environment.ts";
// Distributions
export { Categorical, MultiCategorical } from "./distributions/categorical.ts";
export type { Distribution } from "./distributions/distribution.ts";
export { DiagonalGaussian } from "./distributions/gaussian.ts";
export { SquashedGaussian } from "./distributions/squashed-gaussian.ts";
// Drawing
export { encodeApng, encodePng } from "./drawing/apng.ts";
export { type Drawing, type Paint, rectangle, type Shape2d, toSvg } from "./drawing/drawing.ts";
export { type PixelImage, rasterize } from "./drawing/rasterize.ts";
export { toTerminal } from "./drawing/terminal.ts";
export type { Environment, Info, Reset, Step } from "./environment.ts";
export { acrobot } from "./environments/acrobot.ts";
export { type BanditOptions, bandit } from "./environments/bandit.ts";
export { type BlackjackOptions, blackjack } from "./environments/blackjack.ts";
export { brickGame } from "./environments/brick-game.ts";
export { type CartPoleOptions, cartPole } from "./environments/cart-pole.ts";
export { type CatchOptions, catchGame } from "./environments/catch.ts";
export { type CliffWalkingOptions, cliffWalking } from "./environments/cliff-walking.ts";
export { type DrivingTrackOptions, drivingTrack } from "./environments/driving-track.ts";
export { type FrozenLakeOptions, frozenLake, frozenLake4x4, frozenLake8x8, randomFrozenLake } from "./environments/frozen-lake.ts";
export { mountainCar } from "./environments/mountain-car.ts";
export { mountainCarContinuous } from "./environments/mountain-car-continuous.ts";
export { pendulum } from "./environments/pendulum.ts";
export { type TabularOptions, tabular } from "./environments/tabular.ts";
export { type TaxiOptions, taxi } from "./environments/taxi.ts";
export { EnvironmentError } from "./errors.ts";
// Training and measuring
export { type Actor, type EvaluatePolicyOptions, evaluatePolicy, type PolicyEvaluation } from "./evaluate.ts";
export { type LearnLog, type LearnOptions, type LearnResult, learn, logMeanings } from "./learn.ts";
// Networks and policies
export { Mlp, type MlpOptions } from "./networks/mlp.ts";
export { Network, type NetworkOptions } from "./networks/network.ts";
export { copyWeights, moveTarget } from "./networks/target.ts";
export { CategoricalPolicy, type CategoricalPolicyOptions } from "./policies/categorical-policy.ts";
export { GaussianPolicy, type GaussianPolicyOptions } from "./policies/gaussian-policy.ts";
export { makePolicy, type PolicyOptions } from "./policies/make-policy.ts";
export { type Choice, type ChooseOptions, type HostOutputs, type Outputs, Policy } from "./policies/policy.ts";
export { StateDependentPolicy, type StateDependentPolicyOptions } from "./policies/state-dependent-policy.ts";
// Replay
export { NStep } from "./replay/n-step.ts";
export { PrioritizedReplay, type PrioritizedReplayOptions } from "./replay/prioritized-replay.ts";
export { type ReplayBatch, ReplayBuffer, type ReplayBufferOptions, type Transition as ReplayTransition } from "./replay/replay-buffer.ts";
// Returns
export { type GaeOptions, gae } from "./returns/gae.ts";
export { discountedReturns, nStepReturns, type Rollout } from "./returns/returns.ts";
export { type VtraceOptions, vtrace } from "./returns/vtrace.ts";
export { linear, type Scheduled, valueAt } from "./schedule.ts";
// Spaces
export { Box, type BoxOptions } from "./spaces/box.ts";
export { Dict } from "./spaces/dict.ts";
export { Discrete } from "./spaces/discrete.ts";
export { MultiBinary } from "./spaces/multi-binary.ts";
export { MultiDiscrete } from "./spaces/multi-discrete.ts";
export { Space, sameSpace } from "./spaces/space.ts";
export {
  environmentOf,
  type Move,
  type Outcome,
  type System,
  SystemEnvironment,
  type TabularSystem,
  type Transition,
} from "./system.ts";
// Tasks: an environment, an algorithm and settings that work
export { ppoAcrobot } from "./tasks/acrobot.ts";
export {
  a2cCartPole,
  dqnCartPole,
  ppoCartPole,
  reinforceCartPole,
  trpoCartPole,
} from "./tasks/cart-pole.ts";
export { dqnCatch, ppoCatch, ppoDrivingTrack } from "./tasks/games.ts";
export { tasks } from "./tasks/index.ts";
export { ppoMountainCarContinuous } from "./tasks/mountain-car-continuous.ts";
export { ddpgPendulum, ppoPendulum, sacPendulum, td3Pendulum } from "./tasks/pendulum.ts";
export { qBlackjack, qCliffWalking, qFrozenLake, qTaxi } from "./tasks/tables.ts";
export { type PreparedTask, type PrepareOptions, prepare, type Task } from "./tasks/task.ts";
// Many copies
export { EnvironmentCopies, type EnvironmentCopiesOptions, environmentCopies } from "./vector/copies.ts";
export { NormalizedEnvironments, type NormalizedOptions, normalized } from "./vector/normalized.ts";
export { type CopiesOptions, SystemCopies, systemCopies } from "./vector/system-copies.ts";
export type { Episode, VectorEnvironment, VectorState, VectorStep } from "./vector/vector-environment.ts";
// Wrappers
export { type ActionMaskOptions, actionMask } from "./wrappers/action-mask.ts";
export { clipAction, rescaleAction } from "./wrappers/actions.ts";
export { flattenObservation } from "./wrappers/flatten-observation.ts";
export { frameStack } from "./wrappers/frame-stack.ts";
export {
  type NormalizeObservationOptions,
  type NormalizeRewardOptions,
  normalizeObservation,
  normalizeReward,
} from "./wrappers/normalize.ts";
export { recordStatistics } from "./wrappers/record-statistics.ts";
export { type Recording, type RecordVideoOptions, recordVideo } from "./wrappers/record-video.ts";
export { RunningStatistics, type StatisticsState } from "./wrappers/running-statistics.ts";
export { timeLimit } from "./wrappers/time-limit.ts";
