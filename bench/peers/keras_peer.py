"""TensorFlow with Keras, in Python: answers JSON lines (contestants/protocol.ts) with the same work as ours.

A step is a compiled `tf.function` over Keras layers, the fastest plain way there is. Weights and inputs come in our layouts, which are TensorFlow's.
"""

import gc
import json
import os
import struct
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import keras
import numpy as np
import tensorflow as tf

CHECKED_STEPS = 3


def read_safetensors(path):
    kinds = {"F32": np.float32, "I32": np.int32}
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], dtype=kinds[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
    }


def timed(work, calls=1):
    def run(repetitions):
        samples = []
        for _ in range(repetitions):
            start = time.perf_counter()
            for _ in range(calls):
                work()
            samples.append((time.perf_counter() - start) * 1000 / calls)
        return samples

    return run


def training(layers, names, tensors, optimizer):
    """The losses of the first steps, and a step: what training-workload.ts does."""
    model = keras.Sequential([keras.Input(tensors["images"].shape[1:]), *layers])
    for layer, name in zip([layer for layer in model.layers if layer.weights], names, strict=True):
        layer.set_weights([tensors[f"{name}.weight"], tensors[f"{name}.bias"]])
    images, labels = tensors["images"], tensors["labels"]
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def train(x, y):
        with tf.GradientTape() as tape:
            loss = cross_entropy(y, model(x, training=True))
        optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
        return loss

    def step():
        return float(train(tf.constant(images), tf.constant(labels)))

    return [step() for _ in range(CHECKED_STEPS)], timed(step)


def cnn_step(tensors, parameters):
    layers = keras.layers
    stack = [part for width in (32, 64, 128) for part in (layers.Conv2D(width, 3, activation="relu"), layers.MaxPooling2D())]
    stack += [layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dense(10)]
    names = [*(f"convolutions.{i}" for i in range(3)), "hidden", "head"]
    return training(stack, names, tensors, keras.optimizers.SGD(parameters["learningRate"]))


def lenet_step(tensors, parameters):
    layers = keras.layers
    stack = [part for width in (6, 16) for part in (layers.Conv2D(width, 5, activation="relu"), layers.MaxPooling2D())]
    stack += [layers.Flatten(), layers.Dense(120, activation="relu"), layers.Dense(84, activation="relu"), layers.Dense(10)]
    # Keras's velocity holds −learning rate · velocity: the same steps.
    optimizer = keras.optimizers.SGD(parameters["learningRate"], momentum=parameters["momentum"])
    return training(stack, ["conv1", "conv2", "fc1", "fc2", "fc3"], tensors, optimizer)


def both(work, tensors, calls):
    a, b = tf.constant(tensors["a"]), tf.constant(tensors["b"])
    y = work(a, b).numpy().flatten()
    return [float(y[0]), float(y[-1])], timed(lambda: work(a, b), calls)


WORKLOADS = {
    "cnn-step": cnn_step,
    "lenet-step": lenet_step,
    "matmul": lambda tensors, _: both(tf.matmul, tensors, 1),
    "add": lambda tensors, parameters: both(tf.add, tensors, parameters["calls"]),
}


def peak_bytes():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) * 1024
    except OSError:
        import resource  # Not on Windows.

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main():
    threads = int(sys.argv[1])
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    prepared = {}

    def answer(question):
        if question["ask"] == "memory":
            return {"peakBytes": peak_bytes()}
        if question["ask"] == "kernels":
            return {"kernels": None}
        if question["ask"] == "prepare":
            prepared.clear()
            if question["workload"] not in WORKLOADS:
                raise ValueError(f"Keras has no {question['workload']} here")
            work = WORKLOADS[question["workload"]]
            check, prepared[question["id"]] = work(read_safetensors(question["exchange"]), question["parameters"])
            return {"check": check}
        gc.collect()
        return {"milliseconds": prepared[question["id"]](question["repetitions"])}

    def say(message):
        print(json.dumps(message), flush=True)

    versions = {"tensorflow": tf.__version__, "keras": keras.__version__}
    say({"device": f"Keras on TensorFlow (CPU, {threads} threads)", "versions": versions})
    for line in sys.stdin:
        try:
            say(answer(json.loads(line)))
        except Exception as error:
            say({"error": f"{type(error).__name__}: {error}"})


main()
