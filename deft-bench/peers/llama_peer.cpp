// Times llama.cpp on decoding branches that share a prompt, for EngineBenchmark to interleave with.
//
// Built against the libraries that npm ships, so that anybody can repeat it; see README.md here.
//
// usage: llama_peer MODEL.gguf LIBRARY_DIR THREADS
// then on standard input, a line a run:  BRANCHES PROMPT GENERATE FLASH_ATTENTION(0|1)
// answered on standard output:           PROMPT_SECONDS DECODE_SECONDS
//
// One unified KV buffer, the prompt computed once and shared by llama_memory_seq_cp; tokens are
// fixed and nothing is sampled, as in llama-batched-bench.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "ggml-backend.h"
#include "llama.h"

static double seconds() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

static void add(llama_batch &b, llama_token token, int pos, int seq, bool logits) {
  b.token[b.n_tokens] = token;
  b.pos[b.n_tokens] = pos;
  b.n_seq_id[b.n_tokens] = 1;
  b.seq_id[b.n_tokens][0] = seq;
  b.logits[b.n_tokens] = logits;
  b.n_tokens++;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s MODEL.gguf LIBRARY_DIR THREADS\n", argv[0]);
    return 2;
  }
  llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
  ggml_backend_load_all_from_path(argv[2]);
  llama_model *model = llama_model_load_from_file(argv[1], llama_model_default_params());
  if (model == nullptr) {
    std::fprintf(stderr, "cannot load %s\n", argv[1]);
    return 1;
  }
  int vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model));
  int branches, prompt, generate, flash;
  while (std::scanf("%d %d %d %d", &branches, &prompt, &generate, &flash) == 4) {
    llama_context_params p = llama_context_default_params();
    p.n_ctx = prompt + branches * generate + 256;
    p.n_batch = 2048;
    p.n_ubatch = 512;
    p.n_seq_max = branches;
    p.n_threads = p.n_threads_batch = std::atoi(argv[3]);
    p.kv_unified = true;
    p.flash_attn_type = flash ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    llama_context *ctx = llama_init_from_model(model, p);
    llama_batch batch = llama_batch_init(2048, 0, 1);
    double best[2] = {0, 0};
    // The first round warms up; the second is timed.
    for (int round = 0; round < 2; round++) {
      llama_memory_t memory = llama_get_memory(ctx);
      llama_memory_clear(memory, true);
      unsigned random = 7;
      auto next = [&] {
        random = random * 1664525u + 1013904223u;
        return (llama_token)(3 + (random >> 8) % (vocabulary - 3));
      };
      double t0 = seconds();
      batch.n_tokens = 0;
      for (int i = 0; i < prompt; i++) add(batch, next(), i, 0, i == prompt - 1);
      if (llama_decode(ctx, batch) != 0) return 1;
      llama_synchronize(ctx);
      for (int s = 1; s < branches; s++) llama_memory_seq_cp(memory, 0, s, -1, -1);
      double t1 = seconds();
      for (int g = 0; g < generate; g++) {
        batch.n_tokens = 0;
        for (int s = 0; s < branches; s++) add(batch, next(), prompt + g, s, true);
        if (llama_decode(ctx, batch) != 0) return 1;
        llama_synchronize(ctx);
      }
      best[0] = t1 - t0;
      best[1] = seconds() - t1;
    }
    std::printf("%.6f %.6f\n", best[0], best[1]);
    std::fflush(stdout);
    llama_batch_free(batch);
    llama_free(ctx);
  }
  llama_model_free(model);
  return 0;
}
