#!/bin/bash
# run.sh SECONDS: trains on all GPUs here, exports and evaluates, all in about SECONDS. Everything is written to $MINI_WORK
# (default ./work); started again there, training goes on from the newest checkpoint. collect.sh takes the results.
total=${1:?seconds} begin=$(date +%s)
here=$(cd "$(dirname "$0")" && pwd)
export MINI_WORK=${MINI_WORK:-$here/work}; mkdir -p "$MINI_WORK"
export TORCHINDUCTOR_CACHE_DIR=$MINI_WORK/inductor OMP_NUM_THREADS=1 NCCL_NVLS_ENABLE=${NCCL_NVLS_ENABLE:-0} PYTHONUNBUFFERED=1
recipe=$here; [ -d "$here/training" ] && recipe=$here/training
cd "$recipe" || exit 1
start=${MINI_START:-$(ls "$here"/deft-mini-v*.gguf "$here"/../src/main/resources/org/deft4j/mini/*.gguf 2>/dev/null | head -1)}
[ -f "$start" ] || { echo "no GGUF file to start from: name it in MINI_START" | tee "$MINI_WORK/status"; exit 1; }
gpus=$(nvidia-smi -L | wc -l)
[ "$gpus" -ge 1 ] || { echo "no GPU" | tee "$MINI_WORK/status"; exit 1; }
texts=()
if [ -f "$here/texts/sentences.txt.xz" ]; then
  python3 -c "import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), open(sys.argv[2], 'wb'))" \
    "$here/texts/sentences.txt.xz" "$MINI_WORK/sentences.txt" && texts=(--texts "$MINI_WORK")
elif [ -n "$MINI_TEXTS" ]; then texts=(--texts "$MINI_TEXTS"); fi
evaluation=${MINI_EVALUATION:-45}
echo training > "$MINI_WORK/status"
for try in 1 2 3; do
  left=$(( total - ($(date +%s) - begin) - evaluation - 3 ))
  torchrun --standalone --nproc_per_node "$gpus" train.py --out "$MINI_WORK" --warm-start "$start" "${texts[@]}" \
    --seconds "$left" --seed $try $MINI_ARGS >> "$MINI_WORK/train.log" 2>&1
  rc=$?
  # What was learned so far is kept; other data, lest the same example fails again.
  [ $rc != 0 ] && [ -f "$MINI_WORK/checkpoint.pt" ] && [ $left -gt 90 ] || break
  echo "try $try failed ($rc)" | tee -a "$MINI_WORK/train.log"
done
if [ $rc != 0 ]; then
  echo "TRAINING FAILED ($rc)" | tee "$MINI_WORK/status"; grep -v Warning "$MINI_WORK/train.log" | grep -v elastic | tail -40; exit 1
fi
echo evaluating > "$MINI_WORK/status"
pids=() gpu=0
for tasks in sets,sorting keywords,documents; do
  CUDA_VISIBLE_DEVICES=$((gpu % gpus)) timeout "$evaluation" python3 evaluate.py "$MINI_WORK/deft-mini-v2.gguf" "${texts[@]}" \
    --tasks $tasks --count ${MINI_COUNT:-128} --bf16 --json "$MINI_WORK/evaluation-$gpu.json" > "$MINI_WORK/evaluate-$gpu.log" 2>&1 & pids+=($!)
  gpu=$((gpu + 1))
done
wait "${pids[@]}"
cat "$MINI_WORK"/evaluate-*.log | cut -c1-1200
tail -3 "$MINI_WORK/train.log" | cut -c1-600
echo "done after $(( $(date +%s) - begin )) s" | tee "$MINI_WORK/status"
