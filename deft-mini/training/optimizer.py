"""Muon for the matrices inside the blocks, AdamW for embeddings and norms."""

import torch


@torch.compile
def _orthogonalize(g):
    """Nearest semi-orthogonal matrices of a batch: quintic Newton-Schulz iteration in bf16."""
    x = g.bfloat16()
    tall = x.size(-2) > x.size(-1)
    if tall:
        x = x.mT
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for a, b, c in ((3.4445, -4.7750, 2.0315),) * 5:
        s = x @ x.mT
        x = a * x + (b * s + c * s @ s) @ x
    return x.mT if tall else x


class Optimizer:
    """Both optimizers behind one step; matrices of one shape are updated as one batch."""

    def __init__(self, model, lr, adam_lr, momentum=0.95, weight_decay=0.01):
        self.lr, self.adam_lr, self.momentum, self.weight_decay = lr, adam_lr, momentum, weight_decay
        by_shape, rest = {}, []
        for name, p in model.named_parameters():
            if p.ndim == 2 and name != "token_embd":
                by_shape.setdefault(tuple(p.shape), []).append(p)
            else:
                rest.append(p)
        self.groups = list(by_shape.values())
        self.buffers = [torch.zeros_like(torch.stack([p.data for p in g])) for g in self.groups]
        # Not smaller: Adam would drag the tokens that never occur along gradients of pure underflow.
        self.adam = torch.optim.AdamW(rest, lr=adam_lr, betas=(0.9, 0.95), eps=1e-7, weight_decay=0.0,
                                      fused=rest[0].is_cuda)

    @torch.no_grad()
    def step(self, factor, momentum=None):
        """One update at `factor` times the learning rates; clears the gradients."""
        momentum = self.momentum if momentum is None else momentum
        for group in self.adam.param_groups:
            group["lr"] = self.adam_lr * factor
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)
        for params, buffer in zip(self.groups, self.buffers):
            g = torch.stack([p.grad for p in params])
            buffer.lerp_(g, 1 - momentum)
            update = _orthogonalize(g.lerp_(buffer, momentum))
            rows, columns = params[0].shape
            lr = self.lr * factor * max(1.0, rows / columns) ** 0.5
            torch._foreach_mul_(params, 1 - self.lr * factor * self.weight_decay)
            torch._foreach_add_(params, list(update.float().unbind(0)), alpha=-lr)
            for p in params:
                p.grad = None

    def state(self):
        return {"buffers": self.buffers, "adam": self.adam.state_dict()}

    def load(self, state):
        for mine, saved in zip(self.buffers, state["buffers"]):
            mine.copy_(saved)
        self.adam.load_state_dict(state["adam"])
