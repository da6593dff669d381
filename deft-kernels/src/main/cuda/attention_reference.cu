// Attention by the plan as it is written down, one warp a (row, head): slow and plain, the device's
// own oracle for the fast kernels.
#include "deft.cuh"

using namespace deft;

struct ReferenceParams {
  const void* queries;  // [rows][heads][padded]
  const void* keys;     // this layer's: [slot >> shift][kv_heads][slot & mask][padded]
  const void* values;
  void* out;  // [rows][heads * dim]
  const int *group_piece, *piece_slot, *piece_length, *piece_lo, *piece_hi, *piece_causal,
      *piece_token, *row_range, *range_first, *range_end;
  const uint8_t* dense;
  const uint64_t* bits;
  uint64_t out_stride;
  int heads, kv_heads, dim, padded, shift;
  int mask_kind, mask_tokens, mask_words;
  int kv_type, out_type;
  float scale;
};
DEFT_PARAMS(attention_reference, ReferenceParams);

__device__ bool sees(const ReferenceParams& p, int r, int piece, int i) {
  if (p.mask_kind == 0) {
    return p.piece_lo[piece] <= r && r < p.piece_hi[piece] &&
           i <= r - p.piece_lo[piece] + p.piece_causal[piece];
  }
  const uint64_t token = p.piece_token[piece] + i;
  if (p.mask_kind == 1) return p.dense[uint64_t(r) * p.mask_tokens + token] != 0;
  return p.bits[token * p.mask_words + (r >> 6)] >> (r & 63) & 1;
}

template <typename T>
__device__ void attend(const ReferenceParams& p, int r, int head) {
  const int lane = threadIdx.x;
  const int kv_head = head / (p.heads / p.kv_heads);
  const T* q = static_cast<const T*>(p.queries) + (uint64_t(r) * p.heads + head) * p.padded;
  float query[4];
  float acc[4] = {0, 0, 0, 0};
#pragma unroll
  for (int k = 0; k < 4; k++) query[k] = lane + 32 * k < p.padded ? As<T>::get(q[lane + 32 * k]) : 0;
  float max = -1e30f;
  float sum = 0;
  for (int k = p.row_range[r]; k < p.row_range[r + 1]; k++) {
    for (int g = p.range_first[k]; g < p.range_end[k]; g++) {
      for (int piece = p.group_piece[g]; piece < p.group_piece[g + 1]; piece++) {
        for (int i = 0; i < p.piece_length[piece]; i++) {
          if (!sees(p, r, piece, i)) continue;
          const uint64_t slot = p.piece_slot[piece] + i;
          const uint64_t at = ((((slot >> p.shift) * p.kv_heads + kv_head) << p.shift) +
                               (slot & ((1u << p.shift) - 1))) *
                              p.padded;
          const T* key = static_cast<const T*>(p.keys) + at;
          const T* value = static_cast<const T*>(p.values) + at;
          float s = 0;
#pragma unroll
          for (int j = 0; j < 4; j++) {
            if (lane + 32 * j < p.padded) s += query[j] * As<T>::get(key[lane + 32 * j]);
          }
          s = warp_sum(s) * p.scale;
          const float m = fmaxf(max, s);
          const float keep = expf(max - m);
          const float e = expf(s - m);
          sum = sum * keep + e;
#pragma unroll
          for (int j = 0; j < 4; j++) {
            const float v = lane + 32 * j < p.padded ? As<T>::get(value[lane + 32 * j]) : 0;
            acc[j] = acc[j] * keep + e * v;
          }
          max = m;
        }
      }
    }
  }
  const float inverse = sum > 0 ? 1.f / sum : 0.f;
  DEFT_BY_TYPE(p.out_type, U, {
    U* out = static_cast<U*>(p.out) + r * p.out_stride + head * p.dim;
    for (int j = 0; j < 4; j++) {
      if (lane + 32 * j < p.dim) out[lane + 32 * j] = As<U>::put(acc[j] * inverse);
    }
  });
}

extern "C" __global__ void __launch_bounds__(32)
    attention_reference(const __grid_constant__ ReferenceParams p) {
  if (p.kv_type == F16) {
    attend<__half>(p, blockIdx.y, blockIdx.x);
  } else {
    attend<__nv_bfloat16>(p, blockIdx.y, blockIdx.x);
  }
}
