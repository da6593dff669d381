// Times llama.cpp on decoding trees over a shared prompt, for EngineBenchmark to interleave with.
//
// Built against the libraries that npm ships, or any other build of the same release; README.md.
//
// usage: llama_peer MODEL.gguf LIBRARY_DIR THREADS
// then on standard input, a line a run:  FLASH_ATTENTION(0|1) PROMPT LEVELS (BRANCHES TOKENS)...
// answered on standard output:           PROMPT_SECONDS DECODE_SECONDS...   (a value a level)
//
// One unified KV buffer; what branches have in common is computed once and shared by
// llama_memory_seq_cp. Tokens are fixed and nothing is sampled, as in llama-batched-bench.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

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

struct Level {
  int branches, tokens;
};

// One tree; false if llama.cpp refuses a batch.
static bool run(llama_context *ctx, llama_batch &batch, int vocabulary, int prompt,
                const std::vector<Level> &levels, std::vector<double> &times) {
  llama_memory_t memory = llama_get_memory(ctx);
  llama_memory_clear(memory, true);
  unsigned random = 7;
  auto next = [&] {
    random = random * 1664525u + 1013904223u;
    return (llama_token)(3 + (random >> 8) % (vocabulary - 3));
  };
  double start = seconds();
  for (int i = 0; i < prompt;) {
    batch.n_tokens = 0;
    for (; i < prompt && batch.n_tokens < 2048; i++) add(batch, next(), i, 0, i == prompt - 1);
    if (llama_decode(ctx, batch) != 0) return false;
  }
  llama_synchronize(ctx);
  times.assign(1, seconds() - start);
  std::vector<int> sequences{0};
  int used = 1;
  int at = prompt;
  for (const Level &level : levels) {
    start = seconds();
    std::vector<int> children;
    int each = level.branches / (int)sequences.size();
    for (int parent : sequences) {
      children.push_back(parent);
      for (int c = 1; c < each; c++) {
        llama_memory_seq_cp(memory, parent, used, -1, -1);
        children.push_back(used++);
      }
    }
    sequences = children;
    for (int g = 0; g < level.tokens; g++, at++) {
      batch.n_tokens = 0;
      for (int s : sequences) add(batch, next(), at, s, true);
      if (llama_decode(ctx, batch) != 0) return false;
      llama_synchronize(ctx);
    }
    times.push_back(seconds() - start);
  }
  return true;
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
  int flash, prompt, count;
  while (std::scanf("%d %d %d", &flash, &prompt, &count) == 3) {
    std::vector<Level> levels(count), warm;
    int cells = prompt, widest = 1;
    for (Level &l : levels) {
      if (std::scanf("%d %d", &l.branches, &l.tokens) != 2) return 2;
      cells += l.branches * l.tokens;
      widest = l.branches > widest ? l.branches : widest;
      warm.push_back({l.branches, 2});
    }
    llama_context_params p = llama_context_default_params();
    p.n_ctx = cells + 256;
    p.n_batch = 2048;
    p.n_ubatch = 512;
    p.n_seq_max = widest;
    p.n_threads = p.n_threads_batch = std::atoi(argv[3]);
    p.kv_unified = true;
    p.flash_attn_type = flash ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    llama_context *ctx = llama_init_from_model(model, p);
    llama_batch batch = llama_batch_init(2048, 0, 1);
    std::vector<double> times;
    // A short tree first: it builds the graphs and touches the memory.
    bool ok = run(ctx, batch, vocabulary, prompt < 64 ? prompt : 64, warm, times) &&
              run(ctx, batch, vocabulary, prompt, levels, times);
    for (double t : times) std::printf("%.6f ", ok ? t : -1);
    std::printf("\n");
    std::fflush(stdout);
    llama_batch_free(batch);
    llama_free(ctx);
    if (!ok) return 1;
  }
  llama_model_free(model);
  return 0;
}
