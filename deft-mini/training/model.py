"""The Llama architecture in PyTorch: training over packed trees, and decoding with a KV cache."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.attention.flex_attention import BlockMask, flex_attention


@dataclass(frozen=True)
class ModelConfig:
    """Sizes under the names of GGUF's metadata."""

    vocab: int = 4096
    context: int = 4096
    width: int = 384
    blocks: int = 8
    heads: int = 6
    ffn: int = 1024
    eps: float = 1e-5
    rope_base: float = 10000.0

    @property
    def head_dim(self):
        return self.width // self.heads


MASK_BLOCK = 128


def tree_mask(docs, segs, ancs):
    """Block mask in which a token sees, of its own example, the segments on its path.

    All inputs are int32 [rows, length]. Which blocks hold anything follows from where each example
    starts; inside them the mask is evaluated by token. Call it outside the compiled model: built inside
    it, PyTorch 2.11 computes wrong gradients.
    """
    rows, length = docs.shape
    n = length // MASK_BLOCK

    def visible(b, h, q, k):
        on_path = (ancs[b, q] >> segs[b, k]) & 1
        return (docs[b, q] == docs[b, k]) & (on_path == 1) & (k <= q)

    starts = torch.ones_like(docs, dtype=torch.bool)
    starts[:, 1:] = docs[:, 1:] != docs[:, :-1]
    where = torch.arange(length, device=docs.device, dtype=torch.int32).expand(rows, length)
    start_of = torch.where(starts, where, 0).cummax(1).values
    first = (start_of[:, ::MASK_BLOCK] // MASK_BLOCK).to(torch.int32)
    step = torch.arange(n, device=docs.device, dtype=torch.int32)
    count = (step - first + 1).view(rows, 1, n)
    index = (first.unsqueeze(-1) + step).clamp(max=n - 1).view(rows, 1, n, n)
    return BlockMask.from_kv_blocks(
        count.contiguous(), index.contiguous(), BLOCK_SIZE=MASK_BLOCK, mask_mod=visible)


def dense_attention(docs, segs, ancs):
    """The same without blocks, for machines without a GPU: attention over whole rows."""
    on_path = (ancs[:, :, None] >> segs[:, None, :]) & 1
    mask = (docs[:, :, None] == docs[:, None, :]) & (on_path == 1)
    mask = (mask & torch.ones_like(mask[0]).tril())[:, None]
    return lambda q, k, v: F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


class Block(nn.Module):
    """One transformer block; parameters carry llama.cpp's tensor names."""

    def __init__(self, c):
        super().__init__()
        self.config = c
        self.attn_norm = nn.Parameter(torch.ones(c.width))
        self.ffn_norm = nn.Parameter(torch.ones(c.width))

        def matrix(out, inp, scale):
            return nn.Parameter(torch.randn(out, inp) * scale)

        inner = 0.5 / math.sqrt(c.width)
        self.attn_q = matrix(c.width, c.width, inner)
        self.attn_k = matrix(c.width, c.width, inner)
        self.attn_v = matrix(c.width, c.width, inner)
        self.attn_output = matrix(c.width, c.width, 0.0)
        self.ffn_gate = matrix(c.ffn, c.width, inner)
        self.ffn_up = matrix(c.ffn, c.width, inner)
        self.ffn_down = matrix(c.width, c.ffn, 0.0)

    def qkv(self, x, cos, sin):
        """Rotated queries and keys, and values, each [rows, heads, tokens, head_dim]."""
        c = self.config
        h = F.rms_norm(x, (c.width,), self.attn_norm, c.eps)
        shape = (*h.shape[:2], c.heads, c.head_dim)
        q = rotate(F.linear(h, self.attn_q).view(shape), cos, sin)
        k = rotate(F.linear(h, self.attn_k).view(shape), cos, sin)
        v = F.linear(h, self.attn_v).view(shape)
        return q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)

    def finish(self, x, attended):
        """Adds attention's output and the feed-forward network to the residual stream."""
        c = self.config
        attended = attended.transpose(1, 2).reshape(*x.shape[:2], c.width)
        x = x + F.linear(attended, self.attn_output)
        h = F.rms_norm(x, (c.width,), self.ffn_norm, c.eps)
        return x + F.linear(F.silu(F.linear(h, self.ffn_gate)) * F.linear(h, self.ffn_up), self.ffn_down)


def rotate(x, cos, sin):
    """Rotates neighbouring pairs (GGUF's NORM style); x [rows, tokens, heads, head_dim]."""
    pairs = x.float().unflatten(-1, (-1, 2))
    a, b = pairs.unbind(-1)
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2).type_as(x)


class Model(nn.Module):
    """Decoder with tied embeddings."""

    def __init__(self, config=ModelConfig()):
        super().__init__()
        self.config = config
        self.token_embd = nn.Parameter(torch.randn(config.vocab, config.width) * 0.02)
        self.blk = nn.ModuleList(Block(config) for _ in range(config.blocks))
        self.output_norm = nn.Parameter(torch.ones(config.width))
        half = config.head_dim // 2
        rate = config.rope_base ** (-torch.arange(half, dtype=torch.float64) / half)
        # Twice the context: prompts that are continued together end at different lengths.
        angle = torch.arange(2 * config.context, dtype=torch.float64)[:, None] * rate
        self.register_buffer("cos", angle.cos().float(), persistent=False)
        self.register_buffer("sin", angle.sin().float(), persistent=False)

    def rope(self, positions):
        return self.cos[positions].unsqueeze(2), self.sin[positions].unsqueeze(2)

    def logits(self, x):
        x = F.rms_norm(x, (self.config.width,), self.output_norm, self.config.eps)
        return F.linear(x, self.token_embd)

    def forward(self, tokens, positions, mask, attention=None):
        """Logits [rows, length, vocab] over packed trees; tokens, positions int32 [rows, length]."""
        attention = attention or (lambda q, k, v: flex_attention(q, k, v, block_mask=mask))
        cos, sin = self.rope(positions)
        x = self.token_embd[tokens]
        for block in self.blk:
            x = block.finish(x, attention(*block.qkv(x, cos, sin)))
        return self.logits(x)

    def loss(self, tokens, targets, positions, kinds, mask, weights, attention=None):
        """Weighted mean cross-entropy, and for each kind of target the sum and the count.

        Targets below zero carry no loss; `kinds` is each token's place in `weights`.
        """
        logits = self(tokens, positions, mask, attention).flatten(0, 1).float()
        flat = targets.flatten().long()
        each = F.cross_entropy(logits, flat, ignore_index=-1, reduction="none")
        of_kind = (kinds.flatten()[:, None] == torch.arange(len(weights), device=flat.device)).float()
        sums = each @ of_kind
        counts = (flat >= 0).float() @ of_kind
        total = (weights * sums).sum() / (weights * counts).sum().clamp(min=1e-6)
        return total, sums.detach(), counts

    # ------------------------------------------------------------ decoding

    @torch.no_grad()
    def prefill(self, prompts, room):
        """Last logits of each prompt, the KV cache with `room` free places, and the lengths."""
        device = self.token_embd.device
        lengths = torch.tensor([len(p) for p in prompts], device=device)
        longest = int(lengths.max())
        rows = torch.zeros(len(prompts), longest, dtype=torch.long)
        for i, p in enumerate(prompts):
            rows[i, :len(p)] = torch.as_tensor(p)
        rows = rows.to(device)
        cos, sin = self.rope(torch.arange(longest, device=device).expand(len(prompts), longest))
        x = self.token_embd[rows]
        cache = []
        for block in self.blk:
            q, k, v = block.qkv(x, cos, sin)
            x = block.finish(x, F.scaled_dot_product_attention(q, k, v, is_causal=True))
            cache.append((F.pad(k, (0, 0, 0, room)), F.pad(v, (0, 0, 0, room))))
        last = x[torch.arange(len(prompts), device=device), lengths - 1]
        return self.logits(last[:, None])[:, 0], cache, lengths

    @torch.no_grad()
    def generate(self, prompts, limit, stop, temperature=0.0, generator=None):
        """Continues each prompt up to `stop` (left out) or `limit` tokens; lists of ids."""
        logits, cache, lengths = self.prefill(prompts, limit)
        device = logits.device
        longest = int(lengths.max())
        batch = torch.arange(len(prompts), device=device)
        done = torch.zeros(len(prompts), dtype=torch.bool, device=device)
        out = []
        for step in range(limit):
            if temperature > 0:
                p = (logits.float() / temperature).softmax(-1)
                token = torch.multinomial(p, 1, generator=generator)[:, 0]
            else:
                token = logits.argmax(-1)
            done |= token == stop
            out.append(torch.where(done, stop, token))
            if step == limit - 1 or (step % 8 == 7 and bool(done.all())):
                break
            cos, sin = self.rope(lengths[:, None])
            x = self.token_embd[token][:, None]
            span = longest + step + 1
            seen = (torch.arange(span, device=device) <= lengths[:, None])[:, None, None]
            for block, (keys, values) in zip(self.blk, cache):
                q, k, v = block.qkv(x, cos, sin)
                keys[batch, :, lengths] = k[:, :, 0]
                values[batch, :, lengths] = v[:, :, 0]
                attended = F.scaled_dot_product_attention(
                    q, keys[:, :, :span], values[:, :, :span], attn_mask=seen)
                x = block.finish(x, attended)
            logits = self.logits(x)[:, 0]
            lengths = lengths + 1
        ids = torch.stack(out, 1).tolist()
        return [row[:row.index(stop)] if stop in row else row for row in ids]
