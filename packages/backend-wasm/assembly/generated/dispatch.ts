/** Written by assembly/compile.ts from src/tasks.ts: tasks by their numbers. */

import { unary, predicate } from "../unary";
import { binary } from "../binary";
import { compare, where } from "../choose";
import { fill, cast, copyStrided, transposeMatrices } from "../movement";
import { reduceRows, reduceColumns, reduceWhole, argReduce, cumulate } from "../reduction";
import { gemmPack, gemm } from "../gemm";
import { convolutionPack, convolution } from "../convolution";
import { inputGradientPack, inputGradient } from "../convolution-input-gradient";
import { filterGradient, sumParts } from "../convolution-filter-gradient";
import { winogradWeights, winograd } from "../winograd";
import { winogradSides, winogradSums, winogradTaps } from "../winograd-filter-gradient";
import { gatherOutputs, gatherInputs, unfoldOutputs } from "../few-channels";
import { depthwise, depthwiseInputGradient, depthwiseFilterGradient } from "../depthwise";
import { maxPool, maxPoolGradient, averagePool, averagePoolGradient } from "../pooling";
import { gather, scatterAdd, takeAlong, scatterAlong } from "../indexing";
import { sort } from "../sorting";
import { randomUniform } from "../random";
import { softmax, softmaxGradient, logSoftmax, logSoftmaxGradient, crossEntropy, crossEntropyGradient } from "../softmax";
import { layerNorm, layerNormGradient, batchNormParts, batchNormJoin, batchNormApply, batchNormDeviation, batchNormGradientParts, batchNormGradient } from "../normalization";
import { attention, attentionGradient } from "../attention";
import { adam, sgd, squares } from "../optimizers";

export { unary, predicate, binary, compare, where, fill, cast, copyStrided, transposeMatrices, reduceRows, reduceColumns, reduceWhole, argReduce, cumulate, gemmPack, gemm, convolutionPack, convolution, inputGradientPack, inputGradient, filterGradient, sumParts, winogradWeights, winograd, winogradSides, winogradSums, winogradTaps, gatherOutputs, gatherInputs, unfoldOutputs, depthwise, depthwiseInputGradient, depthwiseFilterGradient, maxPool, maxPoolGradient, averagePool, averagePoolGradient, gather, scatterAdd, takeAlong, scatterAlong, sort, randomUniform, softmax, softmaxGradient, logSoftmax, logSoftmaxGradient, crossEntropy, crossEntropyGradient, layerNorm, layerNormGradient, batchNormParts, batchNormJoin, batchNormApply, batchNormDeviation, batchNormGradientParts, batchNormGradient, attention, attentionGradient, adam, sgd, squares };

/** Items `begin` up to `end` of a task. */
export function dispatch(task: i32, begin: i32, end: i32, thread: i32): void {
  switch (task) {
    case 0: unary(begin, end, thread); return;
    case 1: predicate(begin, end, thread); return;
    case 2: binary(begin, end, thread); return;
    case 3: compare(begin, end, thread); return;
    case 4: where(begin, end, thread); return;
    case 5: fill(begin, end, thread); return;
    case 6: cast(begin, end, thread); return;
    case 7: copyStrided(begin, end, thread); return;
    case 8: transposeMatrices(begin, end, thread); return;
    case 9: reduceRows(begin, end, thread); return;
    case 10: reduceColumns(begin, end, thread); return;
    case 11: reduceWhole(begin, end, thread); return;
    case 12: argReduce(begin, end, thread); return;
    case 13: cumulate(begin, end, thread); return;
    case 14: gemmPack(begin, end, thread); return;
    case 15: gemm(begin, end, thread); return;
    case 16: convolutionPack(begin, end, thread); return;
    case 17: convolution(begin, end, thread); return;
    case 18: inputGradientPack(begin, end, thread); return;
    case 19: inputGradient(begin, end, thread); return;
    case 20: filterGradient(begin, end, thread); return;
    case 21: sumParts(begin, end, thread); return;
    case 22: winogradWeights(begin, end, thread); return;
    case 23: winograd(begin, end, thread); return;
    case 24: winogradSides(begin, end, thread); return;
    case 25: winogradSums(begin, end, thread); return;
    case 26: winogradTaps(begin, end, thread); return;
    case 27: gatherOutputs(begin, end, thread); return;
    case 28: gatherInputs(begin, end, thread); return;
    case 29: unfoldOutputs(begin, end, thread); return;
    case 30: depthwise(begin, end, thread); return;
    case 31: depthwiseInputGradient(begin, end, thread); return;
    case 32: depthwiseFilterGradient(begin, end, thread); return;
    case 33: maxPool(begin, end, thread); return;
    case 34: maxPoolGradient(begin, end, thread); return;
    case 35: averagePool(begin, end, thread); return;
    case 36: averagePoolGradient(begin, end, thread); return;
    case 37: gather(begin, end, thread); return;
    case 38: scatterAdd(begin, end, thread); return;
    case 39: takeAlong(begin, end, thread); return;
    case 40: scatterAlong(begin, end, thread); return;
    case 41: sort(begin, end, thread); return;
    case 42: randomUniform(begin, end, thread); return;
    case 43: softmax(begin, end, thread); return;
    case 44: softmaxGradient(begin, end, thread); return;
    case 45: logSoftmax(begin, end, thread); return;
    case 46: logSoftmaxGradient(begin, end, thread); return;
    case 47: crossEntropy(begin, end, thread); return;
    case 48: crossEntropyGradient(begin, end, thread); return;
    case 49: layerNorm(begin, end, thread); return;
    case 50: layerNormGradient(begin, end, thread); return;
    case 51: batchNormParts(begin, end, thread); return;
    case 52: batchNormJoin(begin, end, thread); return;
    case 53: batchNormApply(begin, end, thread); return;
    case 54: batchNormDeviation(begin, end, thread); return;
    case 55: batchNormGradientParts(begin, end, thread); return;
    case 56: batchNormGradient(begin, end, thread); return;
    case 57: attention(begin, end, thread); return;
    case 58: attentionGradient(begin, end, thread); return;
    case 59: adam(begin, end, thread); return;
    case 60: sgd(begin, end, thread); return;
    case 61: squares(begin, end, thread); return;
  }
}
