// What a draw is asked and gives, and what all ways to draw share.
#pragma once

#include <float.h>
#include <math_constants.h>
#include <stdint.h>

// What to draw: one a row of the launch, in device or mapped memory.
struct DeftSampleSpec {
  int64_t seed;       //  0
  int64_t stream;     //  8
  int32_t position;   // 16: of the token on its path
  int32_t row;        // 20: of the logits
  float temperature;  // 24: 0 takes the likeliest
  float topP;         // 28: (0, 1]
  float minP;         // 32: [0, 1)
  int32_t topK;       // 36: 0 keeps all
  int32_t count;      // 40: 1: one token by the inverse of the distribution, as on the CPU; more:
                      //     that many distinct ones by Gumbel-top-k, in the order of their draw
                      //     (temperature 0: the likeliest ones), at most DEFT_SAMPLE_MOST
  int32_t out;        // 44: where the first of them goes
};
static_assert(sizeof(DeftSampleSpec) == 48, "the host lays this struct out by hand");

// What was drawn. Where fewer tokens are left by the filters than asked for: token -1.
struct DeftDraw {
  int32_t token;  // 0
  float logProb;  // 4: natural logarithm, of the unscaled and unfiltered logits
};
static_assert(sizeof(DeftDraw) == 8, "the host reads this struct by hand");

// The one argument of every deft_sample kernel, by value.
struct DeftSample {
  const float* logits;          //  0: [rows][n], 16-byte aligned
  const DeftSampleSpec* specs;  //  8: written before the launch
  DeftDraw* out;                // 16: device or mapped memory
  int64_t ld;                   // 24: elements between rows of logits, a multiple of 4
  int32_t n;                    // 32: tokens, at most 262144
  int32_t count;                // 36: specs; the grid is count times the cluster
  int32_t rows;                 // 40: of logits that may be read
};
static_assert(sizeof(DeftSample) == 48, "the host lays this struct out by hand");

constexpr int DEFT_SAMPLE_MOST = 256;
constexpr int DEFT_SAMPLE_THREADS = 512;

namespace deft {

// --- CounterRandom, bit for bit ---

__device__ __forceinline__ uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

__device__ __forceinline__ uint64_t counterBits(int64_t seed, int64_t stream, int64_t position) {
  constexpr uint64_t GOLDEN = 0x9E3779B97F4A7C15ull;
  uint64_t h = mix(seed * GOLDEN + 0x632BE59BD9B4E019ull);
  h = mix(h + (stream + 1) * GOLDEN);
  return mix(h + (position + 2) * GOLDEN);
}

// Larger floats have larger keys.
__device__ __forceinline__ uint32_t keyOf(float x) {
  const uint32_t b = __float_as_uint(x + 0.0f);
  return b & 0x80000000u ? ~b : b | 0x80000000u;
}
__device__ __forceinline__ float ofKey(uint32_t k) {
  return __uint_as_float(k & 0x80000000u ? k & 0x7FFFFFFFu : ~k);
}

}  // namespace deft
