#!/bin/bash
# run.sh SECONDS [UNTIL]: trains on all GPUs here in about SECONDS, the export and a short evaluation included.
# UNTIL below 1 stops at that part of the run; the next call (same machine) goes on from there. Results go to $OUT.
total=${1:-900} until=${2:-1} begin=$(date +%s)
here=$(cd "$(dirname "$0")" && pwd); cd "$here/training" || exit 1
out=${OUT:-$here/out}; mkdir -p "$out"
work=${MINI_WORK:-/tmp/mini-run}; mkdir -p "$work"
export TORCHINDUCTOR_CACHE_DIR=/tmp/mini-inductor OMP_NUM_THREADS=1 NCCL_NVLS_ENABLE=${NCCL_NVLS_ENABLE:-0} PYTHONUNBUFFERED=1
gpus=$(nvidia-smi -L | wc -l)
[ "$gpus" -ge 1 ] || { echo "no GPU"; exit 1; }
texts=()
if [ -f "$here/texts/sentences.txt.xz" ]; then
  python3 -c "import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), open(sys.argv[2], 'wb'))" \
    "$here/texts/sentences.txt.xz" "$work/sentences.txt" && texts=(--texts "$work")
fi
train() { torchrun --standalone --nproc_per_node "$gpus" train.py "${texts[@]}" --start "$here/deft-mini-v1.gguf" "$@"; }

smoke=$work/smoke; rm -rf "$smoke"
if ! [ -f "$work/checkpoint.pt" ] && [ -z "$MINI_NO_SMOKE" ]; then
  # The same shapes as the run, so that its compiling is done as well.
  train --out "$smoke" --steps 12 --pools 0.5 --pool 16 --checks 0.5 > "$out/smoke.log" 2>&1 \
    && python3 evaluate.py "$smoke/deft-mini-v2.gguf" "${texts[@]}" --count 8 --bf16 >> "$out/smoke.log" 2>&1 \
    || { echo "SMOKE FAILED after $(( $(date +%s) - begin )) s"; grep -v Warning "$out/smoke.log" | tail -40; exit 1; }
  echo "smoke passed after $(( $(date +%s) - begin )) s"; grep "step\|Mtok" "$out/smoke.log" | tail -4
fi
evaluation=0; [ "$until" = 1 ] && evaluation=${MINI_EVALUATION:-60}
left=$(( total - ($(date +%s) - begin) - evaluation - 5 ))
train --out "$work" --seconds "$left" --until "$until" $MINI_ARGS > "$out/train.log" 2>&1; rc=$?
cp "$work"/evaluation.json "$out" 2>/dev/null
if [ -f "$work/deft-mini-v2.gguf" ]; then split -b 12M "$work/deft-mini-v2.gguf" "$out/deft-mini-v2.gguf."; sha256sum "$work/deft-mini-v2.gguf" > "$out/sha256"; fi
[ $rc = 0 ] || { echo "TRAINING FAILED ($rc)"; grep -v Warning "$out/train.log" | tail -40; exit 1; }
if [ "$until" = 1 ]; then
  pids=() gpu=0
  for tasks in sets,sorting keywords,documents; do
    CUDA_VISIBLE_DEVICES=$((gpu % gpus)) timeout "$evaluation" python3 evaluate.py "$work/deft-mini-v2.gguf" "${texts[@]}" --tasks $tasks \
      --count ${MINI_COUNT:-256} --bf16 --json "$out/evaluation-$gpu.json" > "$out/evaluate-$gpu.log" 2>&1 & pids+=($!)
    gpu=$((gpu + 1))
  done
  wait "${pids[@]}"
  cat "$out"/evaluate-*.log | cut -c1-900
fi
grep -v Warning "$out/train.log" | tail -12 | cut -c1-600
echo "ended after $(( $(date +%s) - begin )) s"
