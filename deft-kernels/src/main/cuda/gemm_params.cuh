// What kernels of products are told, and what they tell the host.
#pragma once

#include <stdint.h>

#include "deft.cuh"

// Output of a product: bits of DeftGemm::mode.
enum {
  DEFT_GEMM_HALF = 0,    // y has the type of x and w
  DEFT_GEMM_FLOAT = 1,   // y is float32
  DEFT_GEMM_ADD = 2,     // with DEFT_GEMM_FLOAT: added to what is in y
  DEFT_GEMM_SWIGLU = 4,  // w is [2F][K], gate rows then up rows, n = F; y = silu(gate) * up
};

// The one argument of every deft_gemm kernel, by value. Little-endian, offsets as listed.
struct DeftGemm {
  const void* w;  //  0: weights [n][k] ([2n][k] with SWIGLU), row-major, 16-byte aligned
  const void* x;  //  8: rows [rows][k], 16-byte aligned
  void* y;        // 16: [rows][n]
  float* part;    // 24: split = 2: float32 [parts][rows][n]; split = 3: counters, zero at first, and sums
  int64_t ldw;    // 32: elements between rows of w, a multiple of 8
  int64_t ldx;    // 40: elements between rows of x, a multiple of 8
  int64_t ldy;    // 48: elements between rows of y
  int32_t n;      // 56: outputs of a row, any
  int32_t k;      // 60: inputs of a row, a multiple of 8; split = 3: of 64
  int32_t rows;   // 64: valid rows, 1..the kernel's most
  int32_t mode;   // 68: DEFT_GEMM_ bits
  int32_t parts;  // 72: deft_gemm_sum_*: partitions that part holds; split = 3: parts of K; a power of two
  int32_t early;  // 76: 1 if launched with programmatic dependent launch: weights are fetched
                  //     before the predecessor is waited for; split = 3: so they are in any case
};
static_assert(sizeof(DeftGemm) == 80, "the host lays this struct out by hand");

// What a host needs to launch a kernel: tables deft_gemm_table and deft_wgmma_table, ended by an empty name.
struct DeftGemmKernel {
  char name[40];    //  0: without the type: the symbol is deft_gemm_bf16_NAME, deft_gemm_fp16_NAME, deft_wgmma_...
  int32_t rows;     // 40: takes 1..rows rows
  int32_t tile;     // 44: rows of w a tile: as many outputs, with SWIGLU half as many
  int32_t threads;  // 48: block size
  int32_t shared;   // 52: dynamic shared memory in bytes
  int32_t cluster;  // 56: blocks along K; the grid is a multiple of it (compiled-in cluster size; 0: any)
  int32_t order;    // 60: kernels of equal order give a row the same bits: BK * 65536 + P; 0: with no other
  int32_t swiglu;   // 64: 1 if SWIGLU may be asked for
  int32_t split;    // 68: 0 none, 1 by a cluster (compute capability 9 and later), 2 through part:
                    //     deft_gemm_sum_TYPE must follow with parts = cluster, 3 through part, by itself
  int32_t least;    // 72: compute capability that it needs; below it does nothing. split = 3: this one alone
};
static_assert(sizeof(DeftGemmKernel) == 76, "the host reads this table by hand");
