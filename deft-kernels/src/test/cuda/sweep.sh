#!/bin/bash
# sweep.sh SET: builds gemm_bench with a set of candidates, bf16 only
set -e
cd "$(dirname "$0")"
python3 sweep.py $1 > /tmp/sweep_$1.list
nvcc $EXTRA -O3 -std=c++17 -gencode=arch=compute_90a,code=sm_90a -Xptxas -v -DDEFT_GEMM_ONE_TYPE -DDEFT_GEMM_LIST=\"/tmp/sweep_$1.list\" -o /tmp/gemm_sweep_$1 gemm_bench.cu -ldl 2> /tmp/sweep_$1.log || { grep -v ptxas /tmp/sweep_$1.log | head -40; exit 1; }
grep -A2 "Compiling" /tmp/sweep_$1.log | awk '/Compiling/{n=$6} /spill/{s=$0} /Used/{print n,$5,s}' | grep -v " 0 bytes spill stores" || true
