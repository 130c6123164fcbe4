"""Python's side of bench/rl: answers JSON lines (bench/contestants/protocol.ts) with the same work as ours, on one thread."""
import gc
import json
import sys
import time

import gymnasium
import torch

import ppo_cartpole
import sac_update
import vector_cartpole

WORKLOADS = {"ppo": ppo_cartpole.prepare, "sac": sac_update.prepare, "vector": vector_cartpole.prepare}


def timed(call, repetitions):
    milliseconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        call()
        milliseconds.append(1000 * (time.perf_counter() - start))
    return milliseconds


def main():
    torch.set_num_threads(1)
    prepared = {}

    def answer(question):
        if question["ask"] == "prepare":
            prepared[question["id"]] = WORKLOADS[question["workload"]](**question["parameters"])
            return {"check": []}
        gc.collect()
        return {"milliseconds": timed(prepared[question["id"]], question["repetitions"])}

    def say(message):
        print(json.dumps(message), flush=True)

    versions = {"torch": torch.__version__, "gymnasium": gymnasium.__version__, "python": sys.version.split()[0]}
    say({"device": "PyTorch (1 thread)", "versions": versions})
    for line in sys.stdin:
        try:
            say(answer(json.loads(line)))
        except Exception as error:
            say({"error": f"{type(error).__name__}: {error}"})


main()
