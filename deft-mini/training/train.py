"""Trains deft-mini on one GPU and writes the GGUF file. Resumes from the newest checkpoint."""

import argparse
import glob
import os
import time

import numpy as np
import torch

import data
import export
from data import DataConfig, SOLVE, YES
from evaluate import attempts, evaluate, same
from model import Model, ModelConfig, tree_mask
from optimizer import Optimizer

POOL_DELAY = 128  # batches prepared ahead never exceed this, so a pool starts at a fixed batch


class Batches(torch.utils.data.Dataset):
    """Batches by index; the newest attempt pool whose first batch is reached takes part."""

    def __init__(self, config, folder, total):
        self.config, self.folder, self.total = config, folder, total
        self.pool_name, self.pool = None, None

    def __len__(self):
        return self.total

    def __getitem__(self, index):
        names = [n for n in sorted(glob.glob(os.path.join(self.folder, "pool-*.npz")))
                 if int(n[-11:-4]) <= index]
        if names and names[-1] != self.pool_name:
            self.pool_name, self.pool = names[-1], data.AttemptPool.load(names[-1])
        return torch.from_numpy(data.make_batch(self.config, index, self.pool))


def sample_pool(model, step, folder, count, seed):
    """Stores attempts of the model of this moment: all wrong ones and as many right ones."""
    rng = np.random.default_rng((seed, 77, step))
    device = model.token_embd.device.type
    generator = torch.Generator(device).manual_seed(seed * 1000003 + step)
    lengths = np.sort(rng.integers(16, data.MAX_DIGITS + 1, count))
    kept = {True: [], False: []}
    chunk = count // 4
    for part in range(4):
        mine = lengths[part::4]
        lists = [data.draw_list(rng, n) for n in mine]
        prompts = [np.append(data.list_tokens(x), SOLVE) for x in lists]
        temperature = (0.7, 1.0, 1.0, 1.3)[part]
        with torch.autocast(device, torch.bfloat16):
            out = attempts(model, prompts, data.MAX_DIGITS + 4, temperature, generator, chunk)
        for x, a in zip(lists, out):
            if len(a) < data.MAX_DIGITS + 4 and (a >= 0).all():
                kept[same(a, np.sort(x))].append((x, a))
    wrong = kept[False]
    pairs = wrong + kept[True][:len(wrong)]
    print(f"pool at step {step}: {len(wrong)} wrong of {count}", flush=True)
    if len(wrong) < 100:
        return
    width = data.MAX_DIGITS + 8
    digits, tries = (np.zeros((len(pairs), width), np.uint8) for _ in range(2))
    for i, (x, a) in enumerate(pairs):
        digits[i, :len(x)], tries[i, :len(a)] = x, a
    path = os.path.join(folder, f"pool-{step + POOL_DELAY:07d}.npz")
    with open(path + ".part", "wb") as f:
        np.savez(f, digits=digits, lengths=np.array([len(x) for x, _ in pairs]), attempts=tries,
                 attempt_lengths=np.array([len(a) for _, a in pairs]))
    os.replace(path + ".part", path)


def schedule(step, steps):
    """Learning-rate factor: short warm-up, a plateau, then linearly to zero."""
    part = step / steps
    return min(1.0, (step + 1) / (0.01 * steps + 1), max(0.0, 1 - part) / 0.65)


def save(model, optimizer, step, folder, config):
    """Checkpoint and GGUF of this moment, each replaced as a whole."""
    state = {"step": step, "model": model.state_dict(), "optimizer": optimizer.state()}
    path = os.path.join(folder, "checkpoint.pt")
    torch.save(state, path + ".part")
    os.replace(path + ".part", path)
    weights = {k: v.float().cpu().numpy() for k, v in model.state_dict().items()}
    path = os.path.join(folder, "deft-mini-v1.gguf")
    export.save(path + ".part", config, weights)
    os.replace(path + ".part", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, help="folder for checkpoints and the result")
    parser.add_argument("--steps", type=int, default=19000)
    parser.add_argument("--stop-at", type=int, help="stop early, at this step of the schedule")
    parser.add_argument("--rows", type=int, default=32)
    parser.add_argument("--ramp", type=float, default=0.08, help="part of the run in which lists grow")
    parser.add_argument("--lr", type=float, default=0.015)
    parser.add_argument("--adam-lr", type=float, default=0.003)
    parser.add_argument("--verdict-weight", type=float, default=4.0)
    parser.add_argument("--workers", type=int, default=14)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--checkpoint-seconds", type=float, default=150)
    parser.add_argument("--pool", type=int, default=16384, help="lists in each pool of own attempts")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--profile", action="store_true", help="print the most expensive kernels")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    begin = time.time()

    torch.manual_seed(args.seed)
    torch.backends.cuda.enable_cudnn_sdp(False)  # it would build a plan for every decoded length
    config = ModelConfig()
    device = args.device
    model = Model(config).to(device)
    optimizer = Optimizer(model, args.lr, args.adam_lr)
    step = 0
    checkpoint = os.path.join(args.out, "checkpoint.pt")
    if os.path.exists(checkpoint):
        state = torch.load(checkpoint, map_location=device)
        model.load_state_dict(state["model"])
        optimizer.load(state["optimizer"])
        step = state["step"]
    print(f"{sum(p.numel() for p in model.parameters())} parameters, from step {step}", flush=True)

    data_config = DataConfig(rows=args.rows, ramp_batches=int(args.ramp * args.steps), seed=args.seed)
    until = min(args.steps, args.stop_at or args.steps)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.Subset(Batches(data_config, args.out, until), range(step, until)),
        batch_size=None, num_workers=args.workers, prefetch_factor=POOL_DELAY // args.workers - 1,
        pin_memory=device == "cuda")
    loss_of = torch.compile(model.loss, dynamic=False)
    pools = {int(args.steps * part) for part in (0.3, 0.45, 0.6, 0.75, 0.88)}
    sums, counts = torch.zeros(2, device=device), torch.zeros(2, device=device)
    saved = shown = time.time()
    profiler = None

    for batch in loader:
        batch = batch.to(device, non_blocking=True)
        if args.profile and step == 60:
            profiler = torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA])
            profiler.__enter__()
        tokens, targets, positions, docs, segs, ancs = batch.unbind(0)
        mask = tree_mask(docs, segs, ancs)
        with torch.autocast(device, torch.bfloat16):
            loss, part_sums, part_counts = loss_of(
                tokens, targets, positions, mask, min(YES, data.NO), args.verdict_weight)
        loss.backward()
        optimizer.step(schedule(step, args.steps), 0.85 + 0.1 * min(1.0, step / 300))
        sums += part_sums
        counts += part_counts
        step += 1
        if profiler and step == 65:
            torch.cuda.synchronize()
            profiler.__exit__(None, None, None)
            print(profiler.key_averages().table(
                sort_by="cuda_time_total", row_limit=18, max_name_column_width=70))
            profiler = None
        if step % 100 == 0 or step in (1, 10):
            answer, verdict = (sums / counts).tolist()
            sums.zero_()
            counts.zero_()
            now = time.time()
            rate = min(step, 100) * args.rows * data_config.row_length / (now - shown) / 1e6
            shown = now
            print(f"step {step} answer {answer:.5f} verdict {verdict:.5f} "
                  f"longest {data_config.longest(step)} {rate:.2f} Mtok/s {now - begin:.0f} s", flush=True)
        if step in pools:
            sample_pool(model, step, args.out, args.pool, args.seed)
        if step % 4000 == 0 and step < until:
            with torch.autocast(device, torch.bfloat16):
                found = {n: evaluate(model, n, 256, samples=False)["greedy_exact"] for n in (64, 128)}
            print("  greedy exact", found, flush=True)
        if time.time() - saved > args.checkpoint_seconds:
            save(model, optimizer, step, args.out, config)
            saved = time.time()
    save(model, optimizer, step, args.out, config)
    print(f"done: step {step}, {time.time() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    main()
