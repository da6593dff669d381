// What kernels of products by wgmma are told.
#pragma once

#include "gemm_params.cuh"

// With DEFT_GEMM_FLOAT | DEFT_GEMM_ADD, n a multiple of 8 and aligned rows of y: what is left in y goes on to a product
// by way of a norm.
#define DEFT_WGMMA_NORM 8

// Most sums of squares of a row: tiles of a product.
#define DEFT_WGMMA_SQUARES 256

// The one argument of every deft_wgmma kernel, by value.
struct DeftWgmma : DeftGemm {
  const float* norm;     //  80: DEFT_WGMMA_NORM: [n] weights of the norm
  void* normed;          //  88: DEFT_WGMMA_NORM: [rows][n] of the type of x and w: y times weights
  float* squaresOut;     //  96: DEFT_WGMMA_NORM: [rows][DEFT_WGMMA_SQUARES] sums of y's squares, one a tile
  const float* squares;  // 104: those of the rows of x
  int64_t ldnormed;      // 112: elements between rows of normed
  int32_t squared;       // 120: how many of a row; 0: rows of x are taken as they are
  float inverse;         // 124: 1 / the columns that were squared
  float eps;             // 128: of the norm of x
  int32_t unused;        // 132
};
static_assert(sizeof(DeftWgmma) == 136, "the host lays this struct out by hand");
