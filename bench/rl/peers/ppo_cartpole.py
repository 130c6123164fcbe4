"""PPO on CartPole-v1 in PyTorch, in the manner of CleanRL's ppo.py (read, not copied): what bench/rl is measured beside."""
import gymnasium as gym
import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical

gamma, lam, clip, lr = 0.99, 0.95, 0.2, 2.5e-4


def layer(i, o, gain=2 ** 0.5):
    m = nn.Linear(i, o)
    nn.init.orthogonal_(m.weight, gain)
    nn.init.zeros_(m.bias)
    return m


def prepare(copies, rollout, batch, epochs):
    """A call is a round: a rollout, and epochs of minibatches."""
    torch.manual_seed(1)
    actor = nn.Sequential(layer(4, 64), nn.Tanh(), layer(64, 64), nn.Tanh(), layer(64, 2, 0.01))
    critic = nn.Sequential(layer(4, 64), nn.Tanh(), layer(64, 64), nn.Tanh(), layer(64, 1, 1.0))
    parameters = [*actor.parameters(), *critic.parameters()]
    adam = torch.optim.Adam(parameters, lr=lr, eps=1e-5)
    envs = gym.vector.SyncVectorEnv([lambda: gym.make("CartPole-v1") for _ in range(copies)])
    size = copies * rollout
    obs = torch.zeros(rollout, copies, 4)
    actions, logps, rewards, dones, values = (torch.zeros(rollout, copies) for _ in range(5))
    now = torch.as_tensor(envs.reset(seed=1)[0])
    over = torch.zeros(copies)

    def iterate():
        nonlocal now, over
        for t in range(rollout):
            obs[t], dones[t] = now, over
            with torch.no_grad():
                dist = Categorical(logits=actor(now))
                action = dist.sample()
                values[t], actions[t], logps[t] = critic(now).flatten(), action, dist.log_prob(action)
            o, r, term, trunc, _ = envs.step(action.numpy())
            rewards[t] = torch.as_tensor(r, dtype=torch.float32)
            now, over = torch.as_tensor(o), torch.as_tensor(term | trunc, dtype=torch.float32)
        with torch.no_grad():
            adv, last, nxt = torch.zeros_like(rewards), 0.0, critic(now).flatten()
            for t in reversed(range(rollout)):
                alive = 1 - (over if t == rollout - 1 else dones[t + 1])
                follow = nxt if t == rollout - 1 else values[t + 1]
                delta = rewards[t] + gamma * follow * alive - values[t]
                adv[t] = last = delta + gamma * lam * alive * last
            ret = adv + values
        o, a, lp, ad, rt, v = obs.reshape(-1, 4), actions.reshape(-1), logps.reshape(-1), adv.reshape(-1), ret.reshape(-1), values.reshape(-1)
        order = np.arange(size)
        for _ in range(epochs):
            np.random.shuffle(order)
            for at in range(0, size, batch):
                rows = order[at : at + batch]
                dist = Categorical(logits=actor(o[rows]))
                log_ratio = dist.log_prob(a.long()[rows]) - lp[rows]
                ratio = log_ratio.exp()
                with torch.no_grad():
                    kl = ((ratio - 1) - log_ratio).mean()
                    clipped = ((ratio - 1).abs() > clip).float().mean().item()
                m = ad[rows]
                m = (m - m.mean()) / (m.std() + 1e-8)
                policy = torch.max(-m * ratio, -m * ratio.clamp(1 - clip, 1 + clip)).mean()
                value = critic(o[rows]).flatten()
                held = v[rows] + (value - v[rows]).clamp(-clip, clip)
                value_loss = 0.5 * torch.max((value - rt[rows]) ** 2, (held - rt[rows]) ** 2).mean()
                loss = policy - 0.01 * dist.entropy().mean() + 0.5 * value_loss
                adam.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(parameters, 0.5)
                adam.step()

    return iterate
