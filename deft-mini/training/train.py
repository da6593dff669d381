"""Trains deft-mini on the GPUs of one machine and writes the GGUF file.

One GPU: `python3 train.py ...`; several: `torchrun --nproc_per_node 2 train.py ...`. The run takes the time
it is given: the learning rate follows the clock and is zero at the end. Resumes from the newest checkpoint.
"""

import argparse
import glob
import json
import os
import threading
import time

import numpy as np
import torch
import torch.distributed as dist

import data
import export
import gguf
import measure
from data import DataConfig
from model import Model, ModelConfig, dense_attention, tree_mask
from optimizer import Optimizer
from tokenizer import Tokenizer
from tree import ANSWER, HINT, KINDS, TASKS, VERDICT

AHEAD = 128  # batches prepared ahead never exceed this, so a pool starts at a fixed batch
CLOCK_STEPS = 10
SAVE_SECONDS = 5  # kept free at the end
LOG_STEPS = 100


class Batches(torch.utils.data.Dataset):
    """Batches by index; the newest attempt pool whose first batch is reached takes part."""

    def __init__(self, config, rank, texts, folder):
        self.config, self.rank, self.texts, self.folder = config, rank, texts, folder
        self.pool_name, self.pool = None, None

    def __len__(self):
        return 1 << 30

    def __getitem__(self, index):
        names = [n for n in sorted(glob.glob(os.path.join(self.folder, f"pool-{self.rank}-*.pkl")))
                 if int(n[-11:-4]) <= index]
        if names and names[-1] != self.pool_name:
            self.pool_name, self.pool = names[-1], data.AttemptPool.load(names[-1])
        return torch.from_numpy(data.make_batch(self.config, index, self.rank, self.texts, self.pool))


def autocast(device):
    return torch.autocast(device, torch.bfloat16)


def sample_pool(model, step, args, rank, texts):
    """Stores attempts of the model of this moment: all wrong ones and as many right ones."""
    rng = np.random.default_rng((args.seed, 77, step, rank))
    device = model.token_embd.device.type
    generator = torch.Generator(model.token_embd.device).manual_seed(args.seed * 1000003 + 2 * step + rank)
    attempts = {}
    for task in args.mix:
        count = min(args.pool, data.POOL.get(task, 0))
        if count == 0 or (texts is None and task in data.NEEDS_TEXTS):
            continue
        module = data.module(task)
        # Longest first, so that what is generated together is about as long.
        problems = [module.fresh(rng, 1.0, texts) for _ in range(count)]
        problems.sort(key=lambda p: len(module.prompt(p)))
        kept = {True: [], False: []}
        for part, temperature in enumerate((0.7, 1.0, 1.0, 1.3)):
            mine = problems[part::4]
            limit = max(len(module.answer(p)) for p in mine) + 8
            with autocast(device):
                out = measure.write(model, [module.prompt(p) for p in mine], limit, temperature, generator)
            for p, a in zip(mine, out):
                if len(a) < limit:
                    kept[bool(module.right(p, a))].append((p, np.array(a, np.int64)))
        wrong = kept[False]
        log(f"pool of {task} at step {step}: {len(wrong)} wrong of {count}")
        if len(wrong) >= 20:
            attempts[task] = wrong + kept[True][:len(wrong)]
    path = os.path.join(args.out, f"pool-{rank}-{step + AHEAD:07d}.pkl")
    data.AttemptPool(attempts).save(path + ".part")
    os.replace(path + ".part", path)


def schedule(part, args):
    """Learning-rate factor `part` of the way through: warm-up, a plateau, then linearly to zero."""
    return max(0.0, min(1.0, part / args.warm_up + 0.01, (1 - part) / (1 - args.plateau)))


def warm_start(model, path):
    """Takes blocks and norms of an earlier model, and the embeddings of tokens spelled alike."""
    metadata, tensors = gguf.read(path)
    state = model.state_dict()
    for name, x in tensors.items():
        key, x = name.removesuffix(".weight"), torch.from_numpy(np.array(x))
        if key != "token_embd":
            state[key].copy_(x)
    ids = {t: i for i, t in enumerate(Tokenizer().tokens)}
    pairs = [(ids[t], i) for i, t in enumerate(metadata["tokenizer.ggml.tokens"]) if t in ids]
    mine, theirs = (torch.tensor(p) for p in zip(*pairs))
    embedding = torch.from_numpy(np.array(tensors["token_embd.weight"]))
    state["token_embd"][mine] = embedding[theirs].to(state["token_embd"].device)
    return len(pairs)


def save(model, optimizer, step, used, args, config, wait):
    """Checkpoint and GGUF of this moment, each replaced as a whole; in the background unless `wait`."""
    weights = {k: v.float().cpu().numpy() for k, v in model.state_dict().items()}

    def to_cpu(x):
        if isinstance(x, torch.Tensor):
            return x.detach().cpu()
        if isinstance(x, dict):
            return {k: to_cpu(v) for k, v in x.items()}
        return [to_cpu(v) for v in x] if isinstance(x, (list, tuple)) else x

    state = {"step": step, "used": used, "model": {k: torch.from_numpy(v) for k, v in weights.items()},
             "optimizer": to_cpu(optimizer.state())}

    def write():
        path = os.path.join(args.out, export.FILE_NAME)
        export.save(path + ".part", config, weights)
        os.replace(path + ".part", path)
        path = os.path.join(args.out, "checkpoint.pt")
        torch.save(state, path + ".part")
        os.replace(path + ".part", path)

    for thread in _SAVING:
        thread.join()
    _SAVING[:] = [threading.Thread(target=write)]
    _SAVING[0].start()
    if wait:
        _SAVING[0].join()


_SAVING = []


class Ranks:
    """The processes of a run: one a GPU."""

    def __init__(self):
        self.rank, self.count = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        self.cpu = None

    def join(self, device):
        if self.count > 1:
            dist.init_process_group("nccl" if device == "cuda" else "gloo")
            self.cpu = dist.new_group(backend="gloo")

    def average(self, model):
        """Averages the gradients."""
        if self.count > 1:
            grads = [p.grad for p in model.parameters()]
            flat = torch.cat([g.flatten() for g in grads])
            dist.all_reduce(flat)
            flat /= self.count
            torch._foreach_copy_(grads, [f.view_as(g) for f, g in zip(flat.split([g.numel() for g in grads]), grads)])

    def agree(self, *values):
        """The first process's numbers, in all."""
        if self.count == 1:
            return values
        numbers = torch.tensor(values, dtype=torch.float64)
        dist.broadcast(numbers, 0, group=self.cpu)
        return tuple(numbers.tolist())


RANKS = Ranks()


def log(*what):
    if RANKS.rank == 0:
        print(*what, flush=True)


def loss_weights(args):
    """A weight for each task and kind of target."""
    scale = dict(part.split("=") for part in args.task_weights.split(","))
    weights = torch.zeros(len(TASKS), len(KINDS))
    for i, task in enumerate(TASKS):
        weights[i] = float(scale.get(task, 1))
    weights[:, VERDICT] *= args.verdict_weight
    weights[:, HINT] *= args.hint_weight
    assert ANSWER == 0
    return weights.flatten()


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, help="folder for checkpoints and the result")
    parser.add_argument("--seconds", type=float, default=840, help="time in all, loading and compiling included")
    parser.add_argument("--until", type=float, default=1.0,
                        help="the part of the run to reach in this time; a later call goes on from there")
    parser.add_argument("--steps", type=int, help="end after these steps instead")
    parser.add_argument("--texts", help="folder of texts; without, tasks of text are left out")
    parser.add_argument("--warm-start", help="GGUF file from whose weights to start")
    parser.add_argument("--tokens", type=int, default=65536, help="tokens of a step, over all GPUs")
    parser.add_argument("--row-length", type=int, default=4096)
    parser.add_argument("--ramp", type=float, default=0.18, help="part of the run in which problems grow")
    parser.add_argument("--rate", type=float, default=36, help="steps a second that the ramp counts on")
    parser.add_argument("--mix", help="shares of tokens at first and after the ramp, as sets=0.6:0.3,sorting=0.4:0.7")
    parser.add_argument("--lr", type=float, default=0.006)
    parser.add_argument("--adam-lr", type=float, default=0.002)
    parser.add_argument("--warm-up", type=float, default=0.02)
    parser.add_argument("--plateau", type=float, default=0.33, help="where the learning rate begins to fall")
    parser.add_argument("--verdict-weight", type=float, default=4.0)
    parser.add_argument("--hint-weight", type=float, default=0.5)
    parser.add_argument("--task-weights", default="documents=0.5", help="loss weights other than 1")
    parser.add_argument("--pools", default="0.45,0.7", help="when to sample attempts, as parts of the run")
    parser.add_argument("--pool", type=int, default=4096, help="most problems of a task in a pool")
    parser.add_argument("--checks", default="0.2,0.42,0.68", help="when to check greedily")
    parser.add_argument("--workers", type=int, default=13, help="of each process")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--checkpoint-seconds", type=float, default=120)
    parser.add_argument("--device", default="cuda")
    return parser.parse_args()


def check(model, device, texts):
    """A few greedy figures; the processes share the tasks."""
    rng = np.random.default_rng(4321)
    for i, task in enumerate(TASKS):
        if i % RANKS.count == RANKS.rank and (texts is not None or task not in data.NEEDS_TEXTS):
            begin = time.time()
            with autocast(device):
                found = data.module(task).check(model, rng, texts)
            print(f"  greedy {task}", json.dumps({k: round(v, 4) for k, v in found.items()}),
                  f"{time.time() - begin:.1f} s", flush=True)


def main():
    args = parse()
    begin = time.time()
    os.makedirs(args.out, exist_ok=True)
    torch.manual_seed(args.seed)
    device = args.device
    if device == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
        torch.backends.cuda.enable_cudnn_sdp(False)  # it would build a plan for every decoded length
    RANKS.join(device)

    mix = DataConfig.mix
    if args.mix:
        mix = tuple((t, *map(float, v.split(":"))) for t, v in (p.split("=") for p in args.mix.split(",")))
    args.mix = [t for t, _, _ in mix]
    texts = None
    if args.texts:
        import texts as text_module
        texts = text_module.load(args.texts).warm()
    config = ModelConfig()
    model = Model(config).to(device)
    optimizer = Optimizer(model, args.lr, args.adam_lr)
    step, used = 0, 0.0
    checkpoint = os.path.join(args.out, "checkpoint.pt")
    if os.path.exists(checkpoint):
        state = torch.load(checkpoint, map_location=device)
        model.load_state_dict(state["model"])
        optimizer.load(state["optimizer"])
        step, used = state["step"], state["used"]
    elif args.warm_start:
        log(f"{warm_start(model, args.warm_start)} embeddings taken from {args.warm_start}")
    rows = args.tokens // args.row_length // RANKS.count
    data_config = DataConfig(rows=rows, row_length=args.row_length, seed=args.seed, mix=mix,
                             ramp_batches=int(args.ramp * (args.steps or args.seconds / max(0.05, args.until - used) * args.rate)))
    log(f"{sum(p.numel() for p in model.parameters())} parameters, from step {step}, "
        f"{RANKS.count} x {rows} rows of {args.row_length}, {time.time() - begin:.0f} s")

    loader = torch.utils.data.DataLoader(
        Batches(data_config, RANKS.rank, texts, args.out), sampler=range(step, 1 << 30), batch_size=None,
        num_workers=args.workers, prefetch_factor=max(1, AHEAD // args.workers - 1) if args.workers else None,
        pin_memory=device == "cuda")
    weights = loss_weights(args).to(device)
    loss_of = torch.compile(model.loss, dynamic=False) if device == "cuda" else model.loss
    pools, checks = ([float(x) for x in w.split(",") if x and float(x) > used] for w in (args.pools, args.checks))
    sums, counts = (torch.zeros(len(weights), device=device) for _ in range(2))
    part, pace = used, 0.0
    started = saved = shown = None
    events = []

    for batch in loader:
        batch = batch.to(device, non_blocking=True)
        tokens, targets, positions, docs, segs, ancs, kinds = batch.unbind(0)
        mask, attention = None, None
        if device == "cuda":
            mask = tree_mask(docs, segs, ancs)
        else:
            attention = dense_attention(docs, segs, ancs)
        with autocast(device):
            loss, part_sums, part_counts = loss_of(
                tokens, targets, positions, kinds, mask, weights, attention)
        loss.backward()
        RANKS.average(model)
        optimizer.step(schedule(part, args), 0.85 + 0.1 * min(1.0, step / 300))
        sums += part_sums
        counts += part_counts
        step += 1
        if started is None:  # compiled, so the clock can begin
            if device == "cuda":
                torch.cuda.synchronize()
            started = saved = shown = time.time()
            first, shown_step = step, step
            left = args.seconds - SAVE_SECONDS - (started - begin)
            log(f"first step after {started - begin:.0f} s, loss {loss.item():.4f}")
        if args.steps:
            part = step / args.steps
        elif step % CLOCK_STEPS == 0:
            if device == "cuda":  # so that the clock is not far ahead of the device
                events.append(torch.cuda.Event())
                events[-1].record()
                if len(events) > 1:
                    events.pop(0).synchronize()
            spent = (time.time() - started) / left
            way = args.until - used
            part, pace = RANKS.agree(used + way * spent, way * spent / (step - first + 1))
        else:
            part += pace if step > first + 3 * CLOCK_STEPS else 0
        if step % LOG_STEPS == 0 or step in (1, 10):
            if RANKS.count > 1:
                dist.all_reduce(sums)
                dist.all_reduce(counts)
            means = (sums / counts).tolist()
            named = {f"{t}.{k[:3]}": round(means[i * len(KINDS) + j], 4) for i, t in enumerate(TASKS)
                     for j, k in enumerate(KINDS) if means[i * len(KINDS) + j] == means[i * len(KINDS) + j]}
            sums.zero_()
            counts.zero_()
            now = time.time()
            rate = (step - shown_step) * args.tokens / max(1e-9, now - shown) / 1e6
            shown, shown_step = now, step
            log(f"step {step} part {part:.3f} {rate:.2f} Mtok/s {now - begin:.0f} s "
                + " ".join(f"{k} {v}" for k, v in named.items()))
        while pools and part >= pools[0]:
            pools.pop(0)
            sample_pool(model, step, args, RANKS.rank, texts)
        if checks and part >= checks[0]:
            while checks and part >= checks[0]:
                checks.pop(0)
            check(model, device, texts)
        early = step == first + 20  # so that what would fail at the end fails now
        if RANKS.rank == 0 and (early or time.time() - saved > args.checkpoint_seconds):
            save(model, optimizer, step, part, args, config, wait=False)
            saved = time.time()
        if part >= args.until:
            break
    if RANKS.rank == 0:
        save(model, optimizer, step, part, args, config, wait=True)
    log(f"done: step {step}, {time.time() - begin:.0f} s")
    if RANKS.count > 1:
        dist.barrier(group=RANKS.cpu)
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
