/** What the fused kernels must give, in plain loops over doubles, written from the formulas and not for speed. */

import type { AdamStep, AttentionProblem, SgdStep } from "../backend.ts";

type Numbers = ArrayLike<number>;

const row = (x: Numbers, r: number, length: number): number[] => Array.from({ length }, (_, i) => x[r * length + i]!);
const rowsOf = (x: Numbers, rows: number, length: number): number[][] => Array.from({ length: rows }, (_, r) => row(x, r, length));
const sum = (x: readonly number[]): number => x.reduce((total, value) => total + value, 0);

export function softmaxOf(x: readonly number[]): number[] {
  const shift = Math.max(...x);
  const exponentials = x.map((value) => Math.exp(value - shift));
  const total = sum(exponentials);
  return exponentials.map((value) => value / total);
}

export function logSoftmaxOf(x: readonly number[]): number[] {
  const shift = Math.max(...x);
  const logarithm = Math.log(sum(x.map((value) => Math.exp(value - shift))));
  return x.map((value) => value - shift - logarithm);
}

export function softmaxRows(x: Numbers, rows: number, length: number): number[] {
  return rowsOf(x, rows, length).flatMap(softmaxOf);
}

export function logSoftmaxRows(x: Numbers, rows: number, length: number): number[] {
  return rowsOf(x, rows, length).flatMap(logSoftmaxOf);
}

export function softmaxGradientRows(g: Numbers, y: Numbers, rows: number, length: number): number[] {
  return rowsOf(y, rows, length).flatMap((probabilities, r) => {
    const gradient = row(g, r, length);
    const dot = sum(gradient.map((value, i) => value * probabilities[i]!));
    return probabilities.map((p, i) => p * (gradient[i]! - dot));
  });
}

export function logSoftmaxGradientRows(g: Numbers, y: Numbers, rows: number, length: number): number[] {
  return rowsOf(y, rows, length).flatMap((logarithms, r) => {
    const gradient = row(g, r, length);
    const total = sum(gradient);
    return logarithms.map((l, i) => gradient[i]! - Math.exp(l) * total);
  });
}

export function crossEntropyRows(logits: Numbers, labels: Numbers, rows: number, length: number): number[] {
  return rowsOf(logits, rows, length).map((x, r) => {
    const label = labels[r]!;
    return label >= 0 && label < length ? -logSoftmaxOf(x)[label]! : 0;
  });
}

export function crossEntropyGradientRows(g: Numbers, logits: Numbers, labels: Numbers, rows: number, length: number): number[] {
  return rowsOf(logits, rows, length).flatMap((x, r) => {
    const label = labels[r]!;
    if (label < 0 || label >= length) return x.map(() => 0);
    return softmaxOf(x).map((p, i) => g[r]! * (p - (i === label ? 1 : 0)));
  });
}

interface Normalised {
  readonly mean: number;
  readonly variance: number;
  readonly rstd: number;
  readonly normal: number[];
}

function normalise(x: readonly number[], epsilon: number): Normalised {
  const mean = sum(x) / x.length;
  const variance = sum(x.map((value) => (value - mean) ** 2)) / x.length;
  const rstd = 1 / Math.sqrt(variance + epsilon);
  return { mean, variance, rstd, normal: x.map((value) => (value - mean) * rstd) };
}

/** d/dx of Σ h·x̂, where x̂ is x normalised: rstd · (h − mean(h) − x̂ · mean(h·x̂)). */
function normaliseGradient(h: readonly number[], { normal, rstd }: Normalised): number[] {
  const n = h.length;
  const average = sum(h) / n;
  const dot = sum(h.map((value, i) => value * normal[i]!)) / n;
  return h.map((value, i) => rstd * (value - average - normal[i]! * dot));
}

/** Layer normalisation: `[y, mean, rstd]`, and with `g` also `[dx, dweight, dbias]`. */
export function layerNormRows(
  x: Numbers,
  weight: Numbers,
  bias: Numbers,
  g: Numbers,
  { rows, length, epsilon }: { rows: number; length: number; epsilon: number },
): { forward: number[][]; backward: number[][] } {
  const forward: [number[], number[], number[]] = [[], [], []];
  const dx: number[] = [];
  const dweight = new Array<number>(length).fill(0);
  const dbias = new Array<number>(length).fill(0);
  for (let r = 0; r < rows; r++) {
    const one = normalise(row(x, r, length), epsilon);
    forward[0].push(...one.normal.map((value, i) => value * weight[i]! + bias[i]!));
    forward[1].push(one.mean);
    forward[2].push(one.rstd);
    const gradient = row(g, r, length);
    dx.push(
      ...normaliseGradient(
        gradient.map((value, i) => value * weight[i]!),
        one,
      ),
    );
    for (let i = 0; i < length; i++) {
      dweight[i]! += gradient[i]! * one.normal[i]!;
      dbias[i]! += gradient[i]!;
    }
  }
  return { forward, backward: [dx, dweight, dbias] };
}

/** Batch normalisation of columns: `[y, mean, variance]` and `[dx, dweight, dbias]`. */
export function batchNormColumns(
  x: Numbers,
  weight: Numbers,
  bias: Numbers,
  g: Numbers,
  { rows, channels, epsilon }: { rows: number; channels: number; epsilon: number },
): { forward: number[][]; backward: number[][] } {
  const y = new Array<number>(rows * channels).fill(0);
  const dx = new Array<number>(rows * channels).fill(0);
  const mean: number[] = [];
  const variance: number[] = [];
  const dweight: number[] = [];
  const dbias: number[] = [];
  for (let c = 0; c < channels; c++) {
    const column = (of: Numbers): number[] => Array.from({ length: rows }, (_, r) => of[r * channels + c]!);
    const one = normalise(column(x), epsilon);
    const gradient = column(g);
    const dcolumn = normaliseGradient(
      gradient.map((value) => value * weight[c]!),
      one,
    );
    for (let r = 0; r < rows; r++) {
      y[r * channels + c] = one.normal[r]! * weight[c]! + bias[c]!;
      dx[r * channels + c] = dcolumn[r]!;
    }
    mean.push(one.mean);
    variance.push(one.variance);
    dweight.push(sum(gradient.map((value, r) => value * one.normal[r]!)));
    dbias.push(sum(gradient));
  }
  return { forward: [y, mean, variance], backward: [dx, dweight, dbias] };
}

/** Attention and its gradients by the whole matrix: `[y, logSumExp]` and `[dquery, dkey, dvalue]`. */
export function attentionRows(
  query: Numbers,
  key: Numbers,
  value: Numbers,
  g: Numbers,
  problem: AttentionProblem,
): { forward: number[][]; backward: number[][] } {
  const { batch, heads, keyHeads, time, keyTime, size, scale, causal } = problem;
  const y: number[] = [];
  const logSumExp: number[] = [];
  const dquery: number[] = [];
  const dkey = new Array<number>(batch * keyHeads * keyTime * size).fill(0);
  const dvalue = new Array<number>(batch * keyHeads * keyTime * size).fill(0);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const keyBase = (b * keyHeads + Math.floor((h * keyHeads) / heads)) * keyTime;
      for (let t = 0; t < time; t++) {
        const at = (b * heads + h) * time + t;
        const q = row(query, at, size);
        const upstream = row(g, at, size);
        const seen = causal ? t + keyTime - time + 1 : keyTime;
        const keys = Array.from({ length: seen }, (_, s) => row(key, keyBase + s, size));
        const values = Array.from({ length: seen }, (_, s) => row(value, keyBase + s, size));
        const dot = (a: readonly number[], c: readonly number[]): number => sum(a.map((v, i) => v * c[i]!));
        const scores = keys.map((k) => scale * dot(q, k));
        const p = softmaxOf(scores);
        logSumExp.push(scores[0]! - logSoftmaxOf(scores)[0]!);
        const out = Array.from({ length: size }, (_, i) => sum(p.map((weight, s) => weight * values[s]![i]!)));
        y.push(...out);
        const through = dot(upstream, out);
        const dscores = p.map((weight, s) => scale * weight * (dot(upstream, values[s]!) - through));
        dquery.push(...Array.from({ length: size }, (_, i) => sum(dscores.map((d, s) => d * keys[s]![i]!))));
        for (let s = 0; s < seen; s++) {
          for (let i = 0; i < size; i++) {
            dkey[(keyBase + s) * size + i]! += dscores[s]! * q[i]!;
            dvalue[(keyBase + s) * size + i]! += p[s]! * upstream[i]!;
          }
        }
      }
    }
  }
  return { forward: [y, logSumExp], backward: [dquery, dkey, dvalue] };
}

/** Parameter, first and second moment after a step. Kingma and Ba 2014, algorithm 1; Loshchilov and Hutter 2017, algorithm 2. */
export function adamOf(parameter: Numbers, gradient: Numbers, first: Numbers, second: Numbers, step: AdamStep): number[][] {
  const m = Array.from(first, (value, i) => step.beta1 * value + (1 - step.beta1) * gradient[i]!);
  const v = Array.from(second, (value, i) => step.beta2 * value + (1 - step.beta2) * gradient[i]! ** 2);
  const p = Array.from(parameter, (value, i) => {
    const decayed = value - step.learningRate * step.weightDecay * value;
    return decayed - (step.learningRate * (m[i]! / step.correction1)) / (Math.sqrt(v[i]! / step.correction2) + step.epsilon);
  });
  return [p, m, v];
}

/** Parameter and velocity after a step, as the documentation of torch.optim.SGD writes it. */
export function sgdOf(parameter: Numbers, gradient: Numbers, velocity: Numbers | undefined, step: SgdStep): number[][] {
  const g = Array.from(gradient, (value, i) => value + step.weightDecay * parameter[i]!);
  if (velocity === undefined) return [Array.from(parameter, (value, i) => value - step.learningRate * g[i]!)];
  const u = g.map((value, i) => (step.first ? value : step.momentum * velocity[i]! + (1 - step.dampening) * value));
  const direction = step.nesterov ? g.map((value, i) => value + step.momentum * u[i]!) : u;
  return [Array.from(parameter, (value, i) => value - step.learningRate * direction[i]!), u];
}
