/** @dl/explain: why a model answers as it does, whether to believe the explanation, and how to fool the model. This file is the table of contents. */

export { type ActivationMaximisationOptions, type ActivationMaximum, activationMaximisation } from "./activation-maximisation.ts";
export { type AdversarialStepOptions, adversarialStep } from "./attacks/adversarial-step.ts";
export { type AttackLoss, type FgsmOptions, fgsm } from "./attacks/fgsm.ts";
export { type PgdOptions, pgd } from "./attacks/pgd.ts";
export { type AttentionRolloutOptions, attentionRollout } from "./attention-rollout.ts";
export { type InfidelityOptions, infidelity, type SensitivityOptions, sensitivity } from "./checks/infidelity.ts";
export { type PointingGameInputs, pointingGame } from "./checks/pointing-game.ts";
export { type RandomisedStage, type RandomisedWeightsOptions, randomisedWeights } from "./checks/randomised-weights.ts";
export { type FeatureMapsOptions, featureMaps } from "./feature-maps.ts";
export { type FromLayerOptions, fromLayer } from "./from-layer.ts";
export { type GradCamOptions, gradCam } from "./gradients/grad-cam.ts";
export { type GuidedBackpropOptions, guidedBackprop } from "./gradients/guided-backprop.ts";
export { type InputTimesGradientOptions, inputTimesGradient } from "./gradients/input-times-gradient.ts";
export { type IntegratedGradientsOptions, integratedGradients } from "./gradients/integrated-gradients.ts";
export { type SaliencyOptions, saliency } from "./gradients/saliency.ts";
export { type Attribute, type SmoothGradOptions, smoothGrad } from "./gradients/smooth-grad.ts";
export { type InfluenceOptions, influence } from "./influence.ts";
export { type ExplanationPageOptions, explanationPage, type Panel } from "./overlays/explanation-page.ts";
export { type HeatMapOptions, heatMap } from "./overlays/heat-map.ts";
export { type OverlayOptions, overlay, overlayPng } from "./overlays/overlay.ts";
export type { SegmentOptions } from "./perturbations/coalitions.ts";
export { featureAblation, type SegmentAttribution } from "./perturbations/feature-ablation.ts";
export { type KernelShapOptions, kernelShap } from "./perturbations/kernel-shap.ts";
export { type LimeOptions, lime } from "./perturbations/lime.ts";
export { type OcclusionOptions, occlusion } from "./perturbations/occlusion.ts";
export { gridSegments, spreadSegments } from "./perturbations/segments.ts";
export type { Forward, TargetOptions } from "./target.ts";
