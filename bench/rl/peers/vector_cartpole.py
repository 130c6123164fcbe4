"""Gymnasium's SyncVectorEnv of CartPole-v1: what bench/vector.ts is measured beside. usage: vector_cartpole.py COPIES STEPS -> a line of JSON"""
import json, sys, time
import gymnasium as gym

copies, steps = (int(x) for x in sys.argv[1:3])
envs = gym.make_vec("CartPole-v1", num_envs=copies, vectorization_mode="sync")
envs.reset(seed=1)
action = envs.action_space.sample()
for _ in range(3): envs.step(action)
begun, cpu = time.perf_counter(), time.process_time()
for _ in range(steps): envs.step(action)
wall, used = time.perf_counter() - begun, time.process_time() - cpu
print(json.dumps({"copies": copies, "perSecond": copies * steps / wall, "perCpuSecond": copies * steps / used, "gymnasium": gym.__version__}))
