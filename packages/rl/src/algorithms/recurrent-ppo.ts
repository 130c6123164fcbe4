/**
 * PPO with a memory: what was seen before reaches the policy through a long short-term memory. Hochreiter and Schmidhuber 1997; Schulman et al. 2017,
 * arXiv:1707.06347; for what must be seen to remember at all: Hausknecht and Stone 2015, arXiv:1507.06527.
 *
 * The details that matter, after Huang et al. 2022 (the five details of LSTMs) and Pleines et al. 2022, "Generalization, mayhems and limits in recurrent
 * proximal policy optimization": a rollout is learned from in sequences, each starting from the memory that was there when it was played; the memory is
 * emptied where an episode begins, in acting as in learning; minibatches are whole sequences; weights of the memory are orthogonal, its biases zero.
 */

import { concat, type HostTensor, hostTensor, mul, OptionError, type Rng, reshape, type Tensor, tensor } from "@dl/core";
import { type Adam, init, LstmCell, Module, type Parameter } from "@dl/nn";
import { activate } from "../networks/mlp.ts";
import { Network } from "../networks/network.ts";
import { makePolicy, type PolicyOptions } from "../policies/make-policy.ts";
import type { HostOutputs, Policy } from "../policies/policy.ts";
import { gae } from "../returns/gae.ts";
import { Box } from "../spaces/box.ts";
import type { VectorEnvironment } from "../vector/vector-environment.ts";
import { type ActOptions, Algorithm, type ExtraState, type LogRow } from "./algorithm.ts";
import { checkCounts } from "./check-numbers.ts";
import { shuffled } from "./numbers.ts";
import { chunks, learnProximally, type PpoOptions, type PpoSettings, type ProximalLearner, ppoAdam, ppoSettings } from "./ppo.ts";
import { hostRows, type RolloutBatch, type RolloutOptions, type RolloutRows } from "./rollout.ts";

export interface RecurrentPpoOptions extends PpoOptions {
  /** Numbers the agent remembers by. Default 64. */
  memorySize?: number;
  /** L: steps that gradients flow back through; `rolloutSteps` is a multiple of it, and so is `batchSize`. Default `rolloutSteps`. */
  sequenceLength?: number;
}

/** Hidden vector and cell of each copy, `[N, 2 · memory size]` row by row. */
type Memory = Float32Array;

/** Observations are encoded, remembered, and then a policy and a critic look at the memory. */
export class RecurrentActorCritic extends Module {
  readonly encoder: Network;
  readonly cell: LstmCell;
  readonly policy: Policy;
  readonly critic: Network;
  readonly #activation: "tanh" | "relu";

  constructor({
    environments: { observationSpace, actionSpace },
    hidden = [64],
    activation = "tanh",
    memorySize,
    rng,
    ...options
  }: PolicyOptions & { environments: VectorEnvironment; memorySize: number; rng: Rng }) {
    super();
    const width = hidden.at(-1);
    if (width === undefined) throw new OptionError("RecurrentPpo: expected at least one hidden layer before the memory, got none.");
    this.encoder = new Network({ observationSpace, hidden: hidden.slice(0, -1), outputs: width, activation, rng: rng.fork("encoder") });
    this.cell = orthogonalCell({ inputs: width, size: memorySize, rng: rng.fork("memory") });
    const seen = { observationSpace: new Box({ shape: [memorySize], low: -1, high: 1 }), hidden: [], activation };
    this.policy = makePolicy({ ...options, ...seen, actionSpace, rng: rng.fork("policy") });
    this.critic = new Network({ ...seen, outputs: 1, rng: rng.fork("critic") });
    this.#activation = activation;
  }

  /**
   * @param observations  `[L · S, O]`: S sequences of L steps, row by row of time.
   * @param options.memory  `[S, 2 · memory size]`, before the first step.
   * @param options.starts  `[L · S]`, 1 where an episode begins.
   * @returns What the policy says, values `[L · S]`, and the memory after the last step.
   */
  forward(
    observations: Tensor,
    { memory, starts }: { memory: Tensor; starts: Uint8Array },
  ): { outputs: ReturnType<Policy["forward"]>; values: Tensor; memory: Tensor } {
    const sequences = memory.shape[0]!;
    const { size } = this.cell;
    const projected = this.cell.projectInput(activate(this.#activation, this.encoder.forward(observations))); // [L · S, 4 · size]
    let state = [memory.slice([0, 0], [sequences, size]), memory.slice([0, size], [sequences, size])] as readonly [Tensor, Tensor];
    const hidden: Tensor[] = [];
    for (let at = 0; at < starts.length; at += sequences) {
      const begins = starts.subarray(at, at + sequences);
      if (begins.includes(1)) {
        const goesOn = tensor(
          hostRows(
            Float32Array.from(begins, (start) => 1 - start),
            { width: 1 },
          ),
        ); // [S, 1]
        state = [mul(state[0], goesOn), mul(state[1], goesOn)];
      }
      const next = this.cell.step(projected.slice([at, 0], [sequences, 4 * size]), state);
      state = [next[0], next[1]!];
      hidden.push(state[0]);
    }
    const features = concat(hidden, { axis: 0 }); // [L · S, size]
    return {
      outputs: this.policy.forward(features),
      values: reshape(this.critic.forward(features), [-1]),
      memory: concat([...state], { axis: 1 }),
    };
  }
}

/**
 * @example
 * using agent = new RecurrentPpo({ environments: systemCopies(cartPole(), { count: 8 }), device, rng, rolloutSteps: 128, batchSize: 256 });
 */
export class RecurrentPpo extends Algorithm {
  readonly name = "recurrent-ppo";
  readonly model: RecurrentActorCritic;
  readonly networks: { readonly model: RecurrentActorCritic };
  readonly optimizers: { readonly adam: { optimizer: Adam; model: RecurrentActorCritic } };
  readonly #settings: PpoSettings;
  readonly #sequenceLength: number;
  readonly #parameters: readonly Parameter[];
  /** Of the copies that are trained in, and whether the next observation is an episode's first. */
  #memory: Memory;
  #starts: Uint8Array;
  /** Of those acted in from outside. */
  #elsewhere: Memory = new Float32Array(0);

  constructor({ memorySize = 64, sequenceLength, ...options }: RecurrentPpoOptions) {
    super(options);
    const { count } = options.environments;
    this.#settings = ppoSettings("RecurrentPpo", options);
    const { rolloutSteps, batchSize } = this.#settings;
    this.#sequenceLength = sequenceLength ?? rolloutSteps;
    checkCounts("RecurrentPpo", { memorySize, sequenceLength });
    if (rolloutSteps % this.#sequenceLength !== 0 || batchSize % this.#sequenceLength !== 0) {
      throw new OptionError(
        `RecurrentPpo: expected rolloutSteps and batchSize to be multiples of the sequenceLength ${this.#sequenceLength}, got ${rolloutSteps} and ${batchSize}.`,
      );
    }
    this.model = new RecurrentActorCritic({ ...options, memorySize, rng: options.rng.fork("init") });
    this.networks = { model: this.model };
    this.#parameters = this.model.parameters();
    this.optimizers = { adam: { optimizer: ppoAdam(this, this.#parameters, this.#settings), model: this.model } };
    this.#memory = new Float32Array(count * 2 * memorySize);
    this.#starts = new Uint8Array(count).fill(1);
  }

  async iterate(onEpisodes: RolloutOptions["onEpisodes"]): Promise<LogRow> {
    const { model } = this;
    const { batchSize } = this.#settings;
    const length = this.#sequenceLength;
    const { count } = this.environments;
    const { batch, starts, memories } = await this.#play(onEpisodes);
    this.steps += batch.size;
    const learner: ProximalLearner = {
      algorithm: this,
      settings: this.#settings,
      policy: model.policy,
      parameters: this.#parameters,
      optimizer: this.optimizers.adam.optimizer,
      forward({ observations, masks }: RolloutRows, places: Int32Array) {
        const sequences = places.length / length;
        const memory = gatherMemories(memories, { places: places.subarray(0, sequences), count, length });
        const { outputs, values } = model.forward(tensor(observations), {
          memory: tensor(memory),
          starts: Uint8Array.from(places, (place) => starts[place]!),
        });
        return { distribution: model.policy.distribution(outputs, masks && tensor(masks)), values };
      },
    };
    return learnProximally(batch, { ...learner, minibatches: () => this.#minibatches(batch.size / length, batchSize / length) });
  }

  /** Rows of whole sequences, the first steps of all, then the second, …; sequence q is of copy q mod N, from step L · ⌊q / N⌋. */
  *#minibatches(sequences: number, size: number): Generator<Int32Array> {
    const length = this.#sequenceLength;
    const { count } = this.environments;
    for (const chosen of chunks(shuffled(this.rngs.learn, sequences), size)) {
      yield Int32Array.from({ length: length * size }, (_, i) => {
        const sequence = chosen[i % size]!;
        const step = length * Math.floor(sequence / count) + Math.floor(i / size);
        return step * count + (sequence % count);
      });
    }
  }

  /** T steps of all copies; beside the rollout where episodes began, and the memory before each sequence. */
  async #play(onEpisodes: RolloutOptions["onEpisodes"]): Promise<{ batch: RolloutBatch; starts: Uint8Array; memories: Memory[] }> {
    const { environments, model } = this;
    const { count, observationSpace, actionSpace } = environments;
    const { rolloutSteps, discount, lambda } = this.#settings;
    const width = observationSpace.size;
    const size = rolloutSteps * count;
    const observations = await this.begin();
    const rows = {
      observations: new Float32Array(size * width),
      actions: new Float32Array(size * actionSpace.size),
      logProbs: new Float64Array(size),
      rewards: new Float64Array(size),
      done: new Uint8Array(size),
      values: new Float64Array(size),
      nextValues: new Float64Array(size),
    };
    const starts = new Uint8Array(size);
    const memories: Memory[] = [];
    let masks: Uint8Array | undefined;
    let terminated = new Uint8Array(count);
    for (let t = 0; t < rolloutSteps; t++) {
      const at = t * count;
      if (t % this.#sequenceLength === 0) memories.push(this.#memory);
      starts.set(this.#starts, at);
      const allowed = environments.actionMasks?.();
      if (allowed) (masks ??= new Uint8Array(rolloutSteps * allowed.length)).set(allowed, t * allowed.length);
      const { outputs, values, memory } = await this.#look(observations, { memory: this.#memory, starts: this.#starts });
      // The value of where a step led is known one step later, unless the episode was over.
      if (t > 0) for (let n = 0; n < count; n++) if (!this.#starts[n]) rows.nextValues[at - count + n] = values[n]!;
      const { actions, logProbs } = model.policy.choose(outputs, { rng: this.rngs.act, masks: allowed });
      rows.observations.set(observations, at * width);
      rows.actions.set(actions, at * actionSpace.size);
      rows.logProbs.set(logProbs, at);
      rows.values.set(values, at);
      const stepped = environments.step(model.policy.toEnvironment(actions));
      const step = stepped instanceof Promise ? await stepped : stepped;
      rows.rewards.set(step.rewards, at);
      terminated = Uint8Array.from(step.terminated);
      this.#starts = Uint8Array.from(step.terminated, (ended, n) => ended | step.truncated[n]!);
      rows.done.set(this.#starts, at);
      this.#memory = memory;
      if (step.truncated.some((cut, n) => cut === 1 && terminated[n] === 0)) {
        // To cut off is not to end: what came last is valued with the memory that led there.
        const last = await this.#look(Float32Array.from(step.nextObservations), { memory, starts: new Uint8Array(count) });
        for (let n = 0; n < count; n++) if (step.truncated[n] === 1 && terminated[n] === 0) rows.nextValues[at + n] = last.values[n]!;
      }
      observations.set(step.observations);
      if (step.episodes.length > 0) onEpisodes(step.episodes);
    }
    const { values } = await this.#look(observations, { memory: this.#memory, starts: this.#starts });
    for (let n = 0; n < count; n++) if (!this.#starts[n]) rows.nextValues[size - count + n] = values[n]!;
    const { advantages, returns } = gae({ count, rewards: rows.rewards, done: rows.done, discount }, { ...rows, lambda });
    return { batch: { size, ...rows, advantages, returns, masks }, starts, memories };
  }

  /** One step of the network for every copy, on the host. */
  async #look(
    observations: Float32Array,
    { memory, starts }: { memory: Memory; starts: Uint8Array },
  ): Promise<{ outputs: HostOutputs; values: ArrayLike<number>; memory: Memory }> {
    const count = starts.length;
    const rows = hostRows(observations, { width: observations.length / count });
    const before = hostRows(memory, { width: memory.length / count });
    const seen = await this.device.compute(() => this.model.forward(tensor(rows), { memory: tensor(before), starts }));
    const { outputs, values, memory: after } = seen as unknown as { outputs: HostOutputs; values: HostTensor; memory: HostTensor };
    return { outputs, values: values.data, memory: after.data as Float32Array };
  }

  /** Remembers from call to call; copies whose `starts` is 1 forget before. */
  async act(observations: Float32Array, { rng, deterministic = true, masks, starts }: ActOptions): Promise<Float32Array> {
    const { policy } = this.model;
    const count = observations.length / this.environments.observationSpace.size;
    const length = count * 2 * this.model.cell.size;
    if (this.#elsewhere.length !== length) this.#elsewhere = new Float32Array(length);
    const seen = await this.#look(observations, { memory: this.#elsewhere, starts: starts ?? new Uint8Array(count) });
    this.#elsewhere = seen.memory;
    return policy.toEnvironment(policy.choose(seen.outputs, { rng, deterministic, masks }).actions);
  }

  protected override forgetEpisodes(): void {
    this.#memory = new Float32Array(this.#memory.length);
    this.#starts = new Uint8Array(this.#starts.length).fill(1);
  }

  protected override extraState(): ExtraState {
    const { count } = this.environments;
    return {
      tensors: new Map<string, HostTensor>([
        ...this.model.policy.saveNoise(),
        ["memory", hostRows(this.#memory, { width: this.#memory.length / count })],
        ["starts", hostTensor(Float32Array.from(this.#starts), [count])],
      ]),
    };
  }

  protected override restoreExtra({ tensors }: Required<ExtraState>): void {
    const memory = tensors.get("memory")!.data;
    // Another number of copies begins new episodes, with nothing remembered.
    if (memory.length === this.#memory.length) {
      this.#memory = Float32Array.from(memory);
      this.#starts = Uint8Array.from(tensors.get("starts")!.data);
    } else this.forgetEpisodes();
    this.model.policy.restoreNoise(tensors);
  }
}

/** Memories before the sequences that begin at rows `places`. */
function gatherMemories(
  memories: readonly Memory[],
  { places, count, length }: { places: Int32Array; count: number; length: number },
): HostTensor {
  const width = memories[0]!.length / count;
  const rows = new Float32Array(places.length * width);
  for (const [i, place] of places.entries()) {
    const copy = place % count;
    const memory = memories[Math.floor(place / (count * length))]!;
    rows.set(memory.subarray(copy * width, (copy + 1) * width), i * width);
  }
  return hostRows(rows, { width });
}

/** An LSTM's cell with orthogonal weights and zero biases. */
function orthogonalCell(options: { inputs: number; size: number; rng: Rng }): LstmCell {
  const cell = new LstmCell(options);
  for (const name of ["inputWeight", "hiddenWeight"] as const) {
    cell[name].load(init.orthogonal(cell[name].shape, { rng: options.rng.fork(name) }));
  }
  for (const bias of [cell.inputBias, cell.hiddenBias]) bias.load(init.zeros(bias.shape));
  return cell;
}
