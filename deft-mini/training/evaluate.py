"""Quality of a model on fresh problems, task by task."""

import argparse
import json
import os
import time

import numpy as np
import torch

import data
import gguf
from model import Model, ModelConfig
from tree import TASKS


def load(path, device):
    """The model of a GGUF file, with its dequantized weights in float32."""
    _, tensors = gguf.read(path)
    model = Model(ModelConfig())
    model.load_state_dict(
        {k.removesuffix(".weight"): torch.from_numpy(np.array(x)) for k, x in tensors.items()})
    return model.to(device).eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gguf")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--texts", help="folder of texts; without, tasks of text are left out")
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--count", type=int, default=500, help="problems of a kind")
    parser.add_argument("--seed", type=int, default=999)
    parser.add_argument("--bf16", action="store_true", help="multiply in bfloat16: faster, and about the same figures")
    parser.add_argument("--json", help="add the results to this file")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    model = load(args.gguf, args.device)
    texts = None
    if args.texts:
        import texts as text_module
        texts = text_module.load(args.texts, held_out=True)
    for task in args.tasks.split(","):
        if texts is None and task in data.NEEDS_TEXTS:
            continue
        if not hasattr(data.module(task), "evaluate"):
            print(f"{task} is not measured here")
            continue
        start = time.time()
        rng = np.random.default_rng((args.seed, TASKS.index(task)))
        with torch.autocast(args.device.split(":")[0], torch.bfloat16, enabled=args.bf16):
            result = data.module(task).evaluate(model, rng, args.count, texts)
        print(task, json.dumps(result), f"{time.time() - start:.1f} s", flush=True)
        if args.json:
            results = {}
            if os.path.exists(args.json):
                with open(args.json) as f:
                    results = json.load(f)
            with open(args.json, "w") as f:
                json.dump(results | {task: result}, f, indent=1)


if __name__ == "__main__":
    main()
