/** The gradient penalty of Gulrajani et al. 2017, arXiv:1704.00028: a loss over a gradient, through a convolutional network. */

import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { expect, test } from "vitest";
import { conv2d, grad, leakyRelu, linear, norm, type Scalar, type Tensor, tanh, tensor, valueAndGrad } from "./index.ts";
import { decode, type Encoded, expectClose, onEach, readFixture } from "./testing/reference-fixture.ts";

interface PenaltyCase {
  readonly attrs: { readonly act: "leaky" | "tanh"; readonly slope: number | null; readonly lam: number };
  readonly params: Readonly<Record<string, Encoded>>;
  readonly real: Encoded;
  readonly fake: Encoded;
  readonly alpha: Encoded;
  readonly grad_wrt_input: Encoded;
  readonly grad_norm: Encoded;
  readonly penalty: number;
  readonly critic_loss: number;
  readonly penalty_grads: Readonly<Record<string, Encoded>>;
  readonly critic_loss_grads: Readonly<Record<string, Encoded>>;
}

onEach([cpu({ precision: "float64" }), cpu(), wasm()], (open) => {
  test.each(readFixture<PenaltyCase[]>("wgan_gp"))("penalty and critic loss with $attrs.act are PyTorch's", async (example) => {
    const { device, tolerances } = open();
    const { act, slope, lam } = example.attrs;
    const names = Object.keys(example.params);
    const out = await device.compute(() => {
      const params = names.map((name) => tensor(decode(example.params[name]!)));
      const [w1, b1, w2, b2, w3, b3] = params as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
      const activation = (x: Tensor): Tensor => (act === "leaky" ? leakyRelu(x, slope!) : tanh(x));
      const critic = (images: Tensor): Tensor => {
        const options = { stride: 2, padding: 1 } as const;
        const x = images.transpose([0, 2, 3, 1]);
        const h1 = activation(conv2d(x, w1.transpose([2, 3, 1, 0]), { ...options, bias: b1 }));
        const h2 = activation(conv2d(h1, w2.transpose([2, 3, 1, 0]), { ...options, bias: b2 }));
        const flat = h2.transpose([0, 3, 1, 2]).reshape([images.shape[0]!, -1]);
        return linear(flat, w3.transpose(), { bias: b3 });
      };
      const [real, fake, alpha] = [example.real, example.fake, example.alpha].map((encoded) => tensor(decode(encoded)));
      const mixed = real!.mul(alpha!).add(fake!.sub(fake!.mul(alpha!)));
      const slopes = (): Tensor => grad(() => critic(mixed).sum(), [mixed])[0]!;
      const norms = (): Tensor => norm(slopes().reshape([mixed.shape[0]!, -1]), 1);
      const penalty = (): Scalar => norms().sub(1).square().mean().mul(lam);
      const loss = (): Scalar => critic(fake!).mean().sub(critic(real!).mean()).add(penalty());
      const penalized = valueAndGrad(penalty, params);
      const whole = valueAndGrad(loss, params);
      return {
        slopes: slopes(),
        norms: norms(),
        penalty: penalized.value,
        penaltyGrads: params.map((param) => penalized.grads.get(param)!),
        loss: whole.value,
        lossGrads: params.map((param) => whole.grads.get(param)!),
      };
    });
    expectClose(out.slopes, example.grad_wrt_input, tolerances.first);
    expectClose(out.norms, example.grad_norm, tolerances.first);
    expectClose(out.penalty, example.penalty, tolerances.first);
    expectClose(out.loss, example.critic_loss, tolerances.first);
    expect(names.length).toBe(6);
    for (const [i, name] of names.entries()) {
      expectClose(out.penaltyGrads[i]!, example.penalty_grads[name]!, { ...tolerances.second, label: `penalty by ${name}` });
      expectClose(out.lossGrads[i]!, example.critic_loss_grads[name]!, { ...tolerances.second, label: `loss by ${name}` });
    }
  });
});
