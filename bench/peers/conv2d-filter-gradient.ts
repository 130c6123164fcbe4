/** The kernel tfjs-wasm lacks: the gradient of a convolution by its filter, composed of kernels it has. */

import type { Conv2DBackpropFilterAttrs, NamedAttrMap, NamedTensorInfoMap, Tensor4D, TensorInfo } from "@tensorflow/tfjs-core";

type Tfjs = typeof import("@tensorflow/tfjs-core");

/** One matrix product per place of the filter: the image shifted there, transposed, times the gradient of the output. */
export function registerFilterGradient(tf: Tfjs): void {
  const kernelFunc = ({ inputs, attrs }: { inputs: NamedTensorInfoMap; attrs?: NamedAttrMap }): TensorInfo => {
    const { strides, pad, filterShape } = attrs as unknown as Conv2DBackpropFilterAttrs;
    const [strideHeight, strideWidth] = Array.isArray(strides) ? strides : [strides, strides];
    if (strideHeight !== 1 || strideWidth !== 1 || pad !== "valid") {
      throw new Error(`Conv2DBackpropFilter: expected stride 1 and valid padding, got ${strides} and ${pad}.`);
    }
    const [x, dy] = [inputs.x as Tensor4D, inputs.dy as Tensor4D];
    const [batch, height, width, outputs] = dy.shape;
    const [kernelHeight, kernelWidth, channels] = filterShape;
    return tf.tidy(() => {
      const rows = batch * height * width;
      const gradient = tf.reshape(dy, [rows, outputs]); // [B·H·W, out]
      const products = [];
      for (let i = 0; i < kernelHeight; i++) {
        for (let j = 0; j < kernelWidth; j++) {
          const shifted = tf.slice(x, [0, i, j, 0], [batch, height, width, channels]); // [B, H, W, in]
          products.push(tf.matMul(tf.reshape(shifted, [rows, channels]), gradient, true, false)); // [in, out]
        }
      }
      return tf.reshape(tf.stack(products), filterShape);
    });
  };
  tf.registerKernel({ kernelName: "Conv2DBackpropFilter", backendName: "wasm", kernelFunc });
}
