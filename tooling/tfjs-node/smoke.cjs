// Loads the addon named by the first argument, differentiates a convolution, and prints what it found as JSON.
// By hand: dw[i, j] = Σ dy[p, q] · x[p + i, q + j], with x = 1 … 9 and dy = 1, 10, 100, 1000.
process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
const addon = require(process.argv[2]);
const strides = { name: "strides", type: addon.TF_ATTR_INT, value: [1, 1, 1, 1] };
const padding = { name: "padding", type: addon.TF_ATTR_STRING, value: "VALID" };
const x = addon.createTensor([1, 3, 3, 1], addon.TF_FLOAT, Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
const shape = addon.createTensor([4], addon.TF_INT32, Int32Array.of(2, 2, 1, 1));
const dy = addon.createTensor([1, 2, 2, 1], addon.TF_FLOAT, Float32Array.of(1, 10, 100, 1000));
const [{ id }] = addon.executeOp("Conv2DBackpropFilter", [strides, padding], [x, shape, dy], 1);
const gradient = Array.from(addon.tensorDataSync(id));
for (const tensor of [x, shape, dy, id]) addon.deleteTensor(tensor);
console.log(JSON.stringify({ version: addon.TF_Version, gpu: addon.isUsingGpuDevice(), gradient }));
