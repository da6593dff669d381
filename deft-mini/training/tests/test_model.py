import os
import sys
import tempfile
import unittest

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
try:
    import torch
except ImportError:
    torch = None


@unittest.skipIf(torch is None, "needs PyTorch")
class ModelTest(unittest.TestCase):
    def setUp(self):
        from model import Model, ModelConfig
        torch.manual_seed(0)
        self.config = ModelConfig(width=64, blocks=2, heads=2, ffn=96)
        self.model = Model(self.config)
        with torch.no_grad():
            for block in self.model.blk:
                block.attn_output.normal_(std=0.1)
                block.ffn_down.normal_(std=0.1)

    def test_a_packed_tree_gives_what_each_path_gives_alone(self):
        from data import DataConfig, make_batch
        from model import tree_mask
        batch = make_batch(DataConfig(rows=2, row_length=1024, ramp_batches=10, mix=(("sorting", 1, 1),)), 0)
        tokens, targets, positions, docs, segs, ancs, _ = torch.from_numpy(batch)
        with torch.no_grad():
            packed = self.model(tokens, positions, tree_mask(docs, segs, ancs))
        checked = 0
        for doc in range(0, int(docs[0].max()), 2):
            at = np.flatnonzero(docs[0] == doc)
            last = at[-1]
            path = [k for k in at if ancs[0, last] >> segs[0, k] & 1]
            alone = self.model.prefill([tokens[0, path].numpy()], 0)[0][0]
            torch.testing.assert_close(packed[0, last], alone, atol=1e-4, rtol=1e-4)
            checked += 1
        self.assertGreater(checked, 5)

    def test_cached_decoding_equals_recomputation(self):
        prompts = [np.array([5, 6, 7]), np.array([9, 8, 7, 6, 5, 4])]
        for prompt, out in zip(prompts, self.model.generate(prompts, 6, stop=-5)):
            path = list(prompt)
            for token in out:
                logits = self.model.prefill([path], 0)[0][0]
                self.assertGreater(float(logits[token]), float(logits.max()) - 1e-4)
                path.append(token)

    def test_the_exported_file_holds_the_weights(self):
        import evaluate
        import export
        from model import Model, ModelConfig
        model = Model(ModelConfig())
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "m.gguf")
            export.save(path, model.config, {k: v.numpy() for k, v in model.state_dict().items()})
            back = evaluate.load(path, "cpu")
        for (name, a), b in zip(model.state_dict().items(), back.state_dict().values()):
            torch.testing.assert_close(a, b, atol=float(a.abs().max()) / 127, rtol=0, msg=name)


if __name__ == "__main__":
    unittest.main()
