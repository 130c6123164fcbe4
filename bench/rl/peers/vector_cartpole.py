"""Gymnasium's SyncVectorEnv of CartPole-v1: what bench/rl is measured beside."""
import gymnasium as gym


def prepare(copies, steps):
    """A call is so many steps of all copies."""
    envs = gym.make_vec("CartPole-v1", num_envs=copies, vectorization_mode="sync")
    envs.reset(seed=1)
    action = envs.action_space.sample()

    def play():
        for _ in range(steps):
            envs.step(action)

    return play
