"""SAC's gradient step in PyTorch, in the manner of CleanRL's sac_continuous_action.py (read, not copied): what bench/rl is measured beside."""
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def prepare(width, batch, observation, action):
    """A call draws a batch and learns from it."""
    torch.manual_seed(1)
    obs_size, act_size = observation, action

    class Actor(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(obs_size, width), nn.Linear(width, width)
            self.mean, self.log_std = nn.Linear(width, act_size), nn.Linear(width, act_size)
        def sample(self, x):
            x = F.relu(self.b(F.relu(self.a(x))))
            mean, log_std = self.mean(x), torch.tanh(self.log_std(x))
            normal = torch.distributions.Normal(mean, (-5 + 0.5 * 7 * (log_std + 1)).exp())
            u = normal.rsample()
            y = torch.tanh(u)
            return y, (normal.log_prob(u) - torch.log(1 - y.pow(2) + 1e-6)).sum(1, keepdim=True)

    def critic():
        return nn.Sequential(nn.Linear(obs_size + act_size, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))

    actor, q1, q2, t1, t2 = Actor(), critic(), critic(), critic(), critic()
    t1.load_state_dict(q1.state_dict()); t2.load_state_dict(q2.state_dict())
    q_adam = torch.optim.Adam([*q1.parameters(), *q2.parameters()], lr=3e-4)
    a_adam = torch.optim.Adam(actor.parameters(), lr=3e-4)
    log_alpha = torch.zeros(1, requires_grad=True)
    alpha_adam = torch.optim.Adam([log_alpha], lr=3e-4)
    n = 10_000
    data = [np.random.randn(n, k).astype(np.float32) for k in (obs_size, act_size, 1, obs_size)]

    def update():
        rows = np.random.randint(0, n, batch)
        s, a, r, s2 = (torch.as_tensor(d[rows]) for d in data)
        alpha = log_alpha.exp().item()
        with torch.no_grad():
            a2, logp2 = actor.sample(s2)
            x2 = torch.cat([s2, a2], 1)
            goal = r + 0.99 * (torch.min(t1(x2), t2(x2)) - alpha * logp2)
        x = torch.cat([s, a], 1)
        loss = F.mse_loss(q1(x), goal) + F.mse_loss(q2(x), goal)
        q_adam.zero_grad(); loss.backward(); q_adam.step()
        pi, logp = actor.sample(s)
        x = torch.cat([s, pi], 1)
        actor_loss = (alpha * logp - torch.min(q1(x), q2(x))).mean()
        a_adam.zero_grad(); actor_loss.backward(); a_adam.step()
        alpha_loss = (-log_alpha.exp() * (logp.detach() - act_size)).mean()
        alpha_adam.zero_grad(); alpha_loss.backward(); alpha_adam.step()
        for source, target in ((q1, t1), (q2, t2)):
            for p, t in zip(source.parameters(), target.parameters()):
                t.data.copy_(0.005 * p.data + 0.995 * t.data)

    return update
