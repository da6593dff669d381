#!/bin/bash
# Builds both harnesses into the folder $1 for the architecture $2 (90a).
set -e
cd "$(dirname "$0")"
a=${2:-90a}
for b in gemm_bench sample_bench; do
  nvcc $EXTRA -O3 -std=c++17 -gencode=arch=compute_$a,code=sm_$a -Xptxas -v -o "$1/$b" $b.cu -ldl 2> "$1/$b.log" ||
    { grep -v ptxas "$1/$b.log"; exit 1; }
  grep -B1 -A1 "bytes stack frame" "$1/$b.log" | grep -v " 0 bytes spill stores" | grep spill || true
done
