// What every kernel source shares. Kernels take one struct by value; see ParamBlock.java.
#pragma once

#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

// Exports the size of a kernel's struct as NAME_params, which the host checks at each launch.
#define DEFT_PARAMS(name, type) extern "C" __device__ unsigned name##_params = sizeof(type)
