/**
 * Optimizer steps in place. The updates of all parameters that come one after the other become one launch: parameters and moments
 * are moved side by side once, and gradients are copied side by side each step.
 */

import type { AdamStep, FusedKernels, SgdStep } from "@dl/core";
import type { DeviceBuffer } from "../memory.ts";
import { bind, type GpuOperand } from "../operands.ts";
import type { Runner } from "../runner.ts";

type Optimizers = Pick<FusedKernels<DeviceBuffer>, "adamUpdate" | "sgdUpdate" | "sumOfSquares">;

/** One parameter's update. `states`: the parameter, then its moments. */
interface Update {
  readonly states: readonly DeviceBuffer[];
  readonly gradient: DeviceBuffer;
  readonly words: number;
}

/** What all updates of a launch share. */
interface Rule {
  readonly name: string;
  readonly variant: string;
  readonly floats: Readonly<Record<string, number>>;
  readonly states: readonly string[];
  /** WGSL that updates element `i`. */
  readonly body: string;
}

/** State that has to be moved again and again is changed by someone else; it is then updated where it lies. */
const mostMoves = 16;

const adamRule = (step: AdamStep): Rule => {
  const { learningRate, beta1, beta2, epsilon, weightDecay, correction1, correction2 } = step;
  return {
    name: "adamUpdate",
    variant: "",
    states: ["parameter", "first", "second"],
    // What is 1 minus something small is worked out in double precision.
    floats: {
      beta1,
      beta2,
      rest1: 1 - beta1,
      rest2: 1 - beta2,
      epsilon,
      keep: 1 - learningRate * weightDecay,
      rate: learningRate / correction1,
      scale2: 1 / Math.sqrt(correction2),
    },
    body: `
let g = gradient[i];
let m = p.beta1 * first[i] + p.rest1 * g;
let v = p.beta2 * second[i] + p.rest2 * g * g;
first[i] = m;
second[i] = v;
parameter[i] = parameter[i] * p.keep - p.rate * m / (sqrt(v) * p.scale2 + p.epsilon);`,
  };
};

const sgdRule = (step: SgdStep, momentum: boolean): Rule => ({
  name: "sgdUpdate",
  variant: `${momentum} ${step.nesterov} ${step.first}`,
  states: momentum ? ["parameter", "velocity"] : ["parameter"],
  floats: { rate: step.learningRate, decay: step.weightDecay, momentum: step.momentum, rest: 1 - step.dampening },
  body: `
let g = gradient[i] + p.decay * parameter[i];
${momentum ? `let u = ${step.first ? "g" : "p.momentum * velocity[i] + p.rest * g"};\nvelocity[i] = u;` : "let u = g;"}
parameter[i] -= p.rate * ${momentum && step.nesterov ? "(g + p.momentum * u)" : "u"};`,
});

export function optimizerKernels(runner: Runner): Optimizers {
  let waiting: { key: string; rule: Rule; updates: Update[] } | undefined;
  let moves = 0;

  const launch = ({ name, variant, states, floats, body }: Rule, { states: buffers, gradient, words }: Update): void => {
    runner.run({
      name,
      variant,
      reads: [{ name: "gradient", type: "f32", buffer: gradient }],
      writes: states.map((state, at) => ({ name: state, type: "f32" as const, buffer: buffers[at]! })),
      floats,
      threads: words,
      body: () => body,
    });
  };

  /** All updates as one: state side by side, a copy of the gradients beside it. */
  const launchTogether = (rule: Rule, updates: readonly Update[]): boolean => {
    const bytes = updates.reduce((sum, { gradient }) => sum + gradient.bytes, 0);
    const rows = rule.states.map((_, at) => updates.map(({ states }) => states[at]!));
    const apart = rows.filter((row) => !sideBySide(row));
    if (bytes > runner.memory.largest || moves + apart.length > mostMoves) return false;
    for (const row of apart) {
      moves++;
      runner.memory.gather(row, (from, to) => runner.copy(from, to, from.bytes / 4));
    }
    const gradients = runner.allocate(bytes / 4, "update");
    let offset = 0;
    for (const { gradient, words } of updates) {
      runner.copy(gradient, { ...gradients, offset, bytes: gradient.bytes }, words);
      offset += gradient.bytes;
    }
    const all = rows.map((row): DeviceBuffer => ({ ...row[0]!, bytes }));
    launch(rule, { states: all, gradient: gradients, words: bytes / 4 });
    runner.memory.free(gradients);
    return true;
  };

  const launchWaiting = (): void => {
    const group = waiting;
    waiting = undefined;
    if (!group) return;
    const { rule, updates } = group;
    if (updates.length > 1 && launchTogether(rule, updates)) return;
    for (const update of updates) launch(rule, update);
  };

  const update = (rule: Rule, states: readonly GpuOperand[], gradient: GpuOperand): void => {
    const words = gradient.shape.reduce((size, each) => size * each, 1);
    if (words === 0) return;
    for (const { buffer } of states) {
      if (buffer.block.constant) runner.memory.gather([buffer], (from, to) => runner.copy(from, to, words));
    }
    const key = `${rule.name} ${rule.variant} ${Object.values(rule.floats).join(" ")}`;
    // A buffer that is updated twice, or the gradient of one update that is the state of another, must not share a launch.
    const touched = [gradient, ...states].some(({ buffer }) => waiting?.updates.some((other) => other.states.includes(buffer)));
    if (waiting && (waiting.key !== key || touched)) launchWaiting();
    waiting ??= { key, rule, updates: [] };
    waiting.updates.push({ states: states.map(({ buffer }) => buffer), gradient: gradient.buffer, words });
    runner.defer(launchWaiting);
  };

  return {
    adamUpdate(parameter, gradient, first, second, step) {
      update(adamRule(step), [parameter, first, second], gradient);
    },

    sgdUpdate(parameter, gradient, velocity, step) {
      update(sgdRule(step, velocity !== undefined), velocity ? [parameter, velocity] : [parameter], gradient);
    },

    sumOfSquares(operands) {
      const full = operands.filter(({ shape }) => !shape.includes(0));
      const sizes = full.map(({ shape }) => shape.reduce((size, each) => size * each, 1));
      const parts = sizes.map((size) => Math.min(1024, Math.ceil(size / 64)));
      const all = parts.reduce((sum, each) => sum + each, 0);
      const partial = runner.allocate(all, "sumOfSquares");
      const most = runner.traits.maxBuffers - 1;
      let before = 0;
      for (let start = 0; start < full.length; start += most) {
        const some = full.slice(start, start + most);
        const counts = parts.slice(start, start + most);
        const ints: Record<string, number> = { before };
        for (const [at] of some.entries()) {
          ints[`size${at}`] = sizes[start + at]!;
          ints[`parts${at}`] = counts[at]!;
        }
        const threads = counts.reduce((sum, each) => sum + each, 0);
        runner.run({
          name: "sumOfSquares",
          variant: `${some.length}`,
          reads: some.map((operand, at) => bind(`x${at}`, operand)),
          writes: [{ name: "partial", type: "f32", buffer: partial }],
          ints,
          threads,
          body: () => `
var part = i;
var total = 0.0;
${some
  .map(
    (_, at) => `
if (part >= 0 && part < p.parts${at}) {
  for (var k = part; k < p.size${at}; k += p.parts${at}) { let v = x${at}[k]; total += v * v; }
}
part -= p.parts${at};`,
  )
  .join("\n")}
partial[p.before + i] = total;`,
        });
        before += threads;
      }
      const y = runner.allocate(1, "sumOfSquares");
      runner.run({
        name: "sumOfSquares sum",
        reads: [{ name: "partial", type: "f32", buffer: partial }],
        writes: [{ name: "result", type: "f32", buffer: y }],
        ints: { all },
        threads: 1,
        body: () => "var total = 0.0;\nfor (var k = 0; k < p.all; k++) { total += partial[k]; }\nresult[0] = total;",
      });
      runner.memory.free(partial);
      return y;
    },
  };
}

/** Whether buffers lie in one block, one after the other. */
function sideBySide(buffers: readonly DeviceBuffer[]): boolean {
  const [{ block, offset }] = buffers as [DeviceBuffer];
  let next = offset;
  return buffers.every((buffer) => {
    const fits = buffer.block === block && buffer.offset === next;
    next += buffer.bytes;
    return fits;
  });
}
