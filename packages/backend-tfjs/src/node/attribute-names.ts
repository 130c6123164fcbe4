/** Names of the attributes that kernels give TensorFlow's operations. One that is missing here does not compile. */

export const attributeNames = [
  "DstT",
  "N",
  "SrcT",
  "T",
  "_kernel",
  "adj_x",
  "adj_y",
  "batch_dims",
  "dilations",
  "dtype",
  "epsilon",
  "exclusive",
  "explicit_paddings",
  "keep_dims",
  "ksize",
  "num_split",
  "output_type",
  "padding",
  "reverse",
  "shape",
  "shared_name",
  "strides",
  "transpose_a",
  "transpose_b",
  "type",
  "use_nesterov",
  "workspace_enabled",
] as const;

export type AttributeName = (typeof attributeNames)[number];
