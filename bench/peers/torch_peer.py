"""PyTorch's side of the bench: answers JSON lines (contestants/protocol.ts) with the same work as ours.

Weights and inputs come in our layouts from a safetensors file: images [B, H, W, C], kernels [kh, kw, in, out], dense weights [in, out].
Optimizers are PyTorch's fused ones, the fastest it has on a CPU.
"""

import gc
import json
import struct
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

CHECKED_STEPS = 3


def read_safetensors(path):
    kinds = {"F32": torch.float32, "I32": torch.int32}
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        tensors[name] = torch.frombuffer(data[start:end], dtype=kinds[entry["dtype"]]).reshape(entry["shape"]).clone()
    return tensors


def load(layer, tensors, path, flattened=None):
    """Copies one of our layers into PyTorch's. `flattened` = (height, width, channels) of the image a dense layer reads."""
    weight = tensors[f"{path}.weight"]
    if weight.dim() == 4:
        weight = weight.permute(3, 2, 0, 1)
    elif flattened is not None:
        height, width, channels = flattened
        weight = weight.reshape(height, width, channels, -1).permute(3, 2, 0, 1).reshape(weight.shape[1], -1)
    elif isinstance(layer, nn.Linear):
        weight = weight.t()
    with torch.no_grad():
        layer.weight.copy_(weight)
        if getattr(layer, "bias", None) is not None:
            layer.bias.copy_(tensors[f"{path}.bias"])


def training(model, optimizer, loss):
    """The losses of the first steps, and a step: what training_workload.ts does."""

    def step():
        optimizer.zero_grad(set_to_none=True)
        value = loss()
        value.backward()
        optimizer.step()
        return value.item()

    return [step() for _ in range(CHECKED_STEPS)], repeat(step)


def repeat(work, calls=1):
    def run(repetitions):
        samples = []
        for _ in range(repetitions):
            start = time.perf_counter()
            for _ in range(calls):
                work()
            samples.append((time.perf_counter() - start) * 1000 / calls)
        return samples

    return run


class KerasCnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolutions = nn.ModuleList([nn.Conv2d(3, 32, 3), nn.Conv2d(32, 64, 3), nn.Conv2d(64, 128, 3)])
        self.hidden = nn.Linear(128 * 2 * 2, 128)
        self.head = nn.Linear(128, 10)

    def forward(self, x):
        for convolution in self.convolutions:
            x = F.max_pool2d(F.relu(convolution(x)), 2)
        return self.head(F.relu(self.hidden(x.flatten(1))))


def cnn_step(tensors, parameters):
    model = KerasCnn()
    for i, convolution in enumerate(model.convolutions):
        load(convolution, tensors, f"convolutions.{i}")
    load(model.hidden, tensors, "hidden", flattened=(2, 2, 128))
    load(model.head, tensors, "head")
    optimizer = torch.optim.SGD(model.parameters(), lr=parameters["learningRate"], fused=True)
    return image_training(model, optimizer, tensors)


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(16 * 5 * 5, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x.flatten(1))))))


def lenet_step(tensors, parameters):
    model = LeNet()
    load(model.conv1, tensors, "conv1")
    load(model.conv2, tensors, "conv2")
    load(model.fc1, tensors, "fc1", flattened=(5, 5, 16))
    load(model.fc2, tensors, "fc2")
    load(model.fc3, tensors, "fc3")
    optimizer = torch.optim.SGD(model.parameters(), lr=parameters["learningRate"], momentum=parameters["momentum"], fused=True)
    return image_training(model, optimizer, tensors)


def image_training(model, optimizer, tensors):
    images = tensors["images"].permute(0, 3, 1, 2).contiguous()
    labels = tensors["labels"].long()
    return training(model, optimizer, lambda: F.cross_entropy(model(images), labels))


class Block(nn.Module):
    """nanoGPT's: queries, keys and values of all heads in one product, PyTorch's own attention."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, 4 * width, bias=False), nn.Linear(4 * width, width, bias=False)

    def forward(self, x):
        batch, time_, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).split(width, dim=2)
        q, k, v = (y.view(batch, time_, self.heads, -1).transpose(1, 2) for y in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.output(y.transpose(1, 2).reshape(batch, time_, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Gpt(nn.Module):
    def __init__(self, layers, heads, width, context, vocabulary):
        super().__init__()
        self.symbols, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)

    def forward(self, ids):
        x = self.symbols(ids) + self.positions(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        return F.linear(self.norm(x), self.symbols.weight)


def gpt_step(tensors, parameters):
    model = Gpt(*(parameters[name] for name in ("layers", "heads", "width", "context", "vocabulary")))
    load(model.symbols, tensors, "symbols")
    load(model.positions, tensors, "positions")
    load(model.norm, tensors, "norm")
    for i, block in enumerate(model.blocks):
        path = f"blocks.{i}"
        for name in ("norm1", "norm2", "up", "down"):
            load(getattr(block, name), tensors, f"{path}.{name}")
        load(block.output, tensors, f"{path}.attention.output")
        with torch.no_grad():
            block.qkv.weight.copy_(torch.cat([tensors[f"{path}.attention.{part}.weight"].t() for part in ("query", "key", "value")]))
    groups = [
        {"params": [p for p in model.parameters() if p.dim() >= 2], "weight_decay": parameters["weightDecay"]},
        {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=parameters["learningRate"], betas=(0.9, parameters["beta2"]), fused=True)
    inputs, targets = tensors["inputs"].long(), tensors["targets"].long().flatten()
    return training(model, optimizer, lambda: F.cross_entropy(model(inputs).flatten(0, 1), targets))


class CachedBlock(nn.Module):
    """GPT-2's block for one text; keys and values of the tokens before stay in arrays of a fixed size."""

    def __init__(self, width, heads, context):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.keys, self.values = (torch.zeros(1, heads, context, width // heads) for _ in range(2))

    def forward(self, x, past):
        _, time_, width = x.shape
        q, k, v = (y.view(1, time_, self.heads, -1).transpose(1, 2) for y in self.qkv(self.norm1(x)).split(width, dim=2))
        end = past + time_
        self.keys[:, :, past:end], self.values[:, :, past:end] = k, v
        y = F.scaled_dot_product_attention(q, self.keys[:, :, :end], self.values[:, :, :end], is_causal=past == 0)
        x = x + self.output(y.transpose(1, 2).reshape(1, time_, width))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


def gpt_generate(tensors, parameters):
    layers, heads, width, count = (parameters[name] for name in ("layers", "heads", "size", "tokens"))
    context = parameters["prompt"] + count
    symbols, positions, norm = nn.Embedding(parameters["vocabulary"], width), nn.Embedding(context, width), nn.LayerNorm(width)
    blocks = [CachedBlock(width, heads, context) for _ in range(layers)]
    load(symbols, tensors, "tokens")
    load(positions, tensors, "positions")
    load(norm, tensors, "norm")
    names = {
        "norm1": "attentionNorm",
        "qkv": "attention.project",
        "output": "attention.output",
        "norm2": "feedForwardNorm",
        "up": "feedForward.expand",
        "down": "feedForward.contract",
    }
    for i, block in enumerate(blocks):
        for ours, theirs in names.items():
            load(getattr(block, ours), tensors, f"blocks.{i}.{theirs}")

    def write():
        with torch.inference_mode():
            ids, past, written = tensors["prompt"].long()[None], 0, []
            for _ in range(count):
                x = symbols(ids) + positions(torch.arange(past, past + ids.shape[1]))
                for block in blocks:
                    x = block(x, past)
                past += ids.shape[1]
                ids = F.linear(norm(x[:, -1]), symbols.weight).argmax(-1, keepdim=True)
                written.append(ids.item())
            return written

    return write()[:16], repeat(write, 1)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(100, 7 * 7 * 256, bias=False)
        self.norm = nn.BatchNorm2d(256)
        self.convs = nn.ModuleList([nn.ConvTranspose2d(256, 128, 4, 2, 1, bias=False), nn.ConvTranspose2d(128, 64, 4, 2, 1, bias=False)])
        self.norms = nn.ModuleList([nn.BatchNorm2d(128), nn.BatchNorm2d(64)])
        self.to_image = nn.Conv2d(64, 1, 3, padding=1)

    def forward(self, latents):
        x = F.leaky_relu(self.norm(self.project(latents).view(-1, 256, 7, 7)), 0.2)
        for conv, norm in zip(self.convs, self.norms):
            x = F.leaky_relu(norm(conv(x)), 0.2)
        return torch.tanh(self.to_image(x))


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(1, 64, 4, 2, 1), nn.Conv2d(64, 128, 4, 2, 1)])
        self.score = nn.Linear(7 * 7 * 128, 1)

    def forward(self, x):
        for conv in self.convs:
            x = F.leaky_relu(conv(x), 0.2)
        return self.score(x.flatten(1)).flatten()


def gan_step(tensors, parameters):
    generator, discriminator = Generator(), Discriminator()
    with torch.no_grad():
        # Our dense layer gives [7, 7, 256], PyTorch's convolutions read [256, 7, 7].
        dense = tensors["generator.project.weight"].reshape(100, 7, 7, 256).permute(3, 1, 2, 0).reshape(-1, 100)
        generator.project.weight.copy_(dense)
    for i in range(2):
        load(generator.convs[i], tensors, f"generator.blocks.{i}.conv")
        load(discriminator.convs[i], tensors, f"discriminator.blocks.{i}.conv")
    load(generator.to_image, tensors, "generator.toImage")
    load(discriminator.score, tensors, "discriminator.score", flattened=(7, 7, 128))
    adam = {"lr": parameters["learningRate"], "betas": (0.5, 0.999), "fused": True}
    generator_optimizer = torch.optim.Adam(generator.parameters(), **adam)
    discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), **adam)
    images = tensors["images"].permute(0, 3, 1, 2).contiguous()
    latents = tensors["latents"]
    ones, zeros = torch.ones(len(images)), torch.zeros(len(images))
    bce = F.binary_cross_entropy_with_logits

    def step():
        fake = generator(latents)
        discriminator_optimizer.zero_grad(set_to_none=True)
        discriminator_loss = bce(discriminator(images), ones) + bce(discriminator(fake.detach()), zeros)
        discriminator_loss.backward()
        discriminator_optimizer.step()
        generator_optimizer.zero_grad(set_to_none=True)
        generator_loss = bce(discriminator(fake), ones)
        generator_loss.backward()
        generator_optimizer.step()
        return [discriminator_loss.item(), generator_loss.item()]

    return [loss for _ in range(CHECKED_STEPS) for loss in step()], repeat(step)


def matmul(tensors, parameters):
    a, b = tensors["a"], tensors["b"]
    y = (a @ b).flatten()
    return [y[0].item(), y[-1].item()], repeat(lambda: a @ b)


def mlp_forward(tensors, parameters):
    inputs, hidden, outputs = (parameters[name] for name in ("inputs", "hidden", "outputs"))
    model = nn.Sequential(nn.Linear(inputs, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, outputs))
    for layer, path in ((model[0], "first"), (model[2], "second"), (model[4], "head")):
        load(layer, tensors, path)
    observation = tensors["observation"].numpy()

    def act():
        with torch.inference_mode():
            return model(torch.from_numpy(observation)).numpy()

    return act().flatten().tolist(), repeat(act, parameters["calls"])


def add(tensors, parameters):
    a, b = tensors["a"], tensors["b"]
    y = a + b
    return [y[0].item(), y[-1].item()], repeat(lambda: a + b, parameters["calls"])


WORKLOADS = {
    "cnn-step": cnn_step,
    "lenet-step": lenet_step,
    "gpt-step": gpt_step,
    "gpt-generate": gpt_generate,
    "gan-step": gan_step,
    "matmul": matmul,
    "mlp-forward": mlp_forward,
    "add": add,
}


def peak_bytes():
    try:
        # Linux carries ru_maxrss over from the parent at exec; the high-water mark of /proc starts anew.
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) * 1024
    except OSError:
        import resource  # Not on Windows.

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main():
    threads = int(sys.argv[1])
    torch.set_num_threads(threads)
    prepared = {}

    def answer(question):
        if question["ask"] == "memory":
            return {"peakBytes": peak_bytes()}
        if question["ask"] == "kernels":
            return {"kernels": None}
        if question["ask"] == "prepare":
            prepared.clear()
            tensors = read_safetensors(question["exchange"])
            check, prepared[question["id"]] = WORKLOADS[question["workload"]](tensors, question["parameters"])
            return {"check": check}
        gc.collect()
        return {"milliseconds": prepared[question["id"]](question["repetitions"])}

    def say(message):
        print(json.dumps(message), flush=True)

    say({"device": f"PyTorch ({threads} threads)", "versions": {"torch": torch.__version__, "python": sys.version.split()[0]}})
    for line in sys.stdin:
        try:
            say(answer(json.loads(line)))
        except Exception as error:
            say({"error": f"{type(error).__name__}: {error}"})


main()
