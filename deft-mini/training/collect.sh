#!/bin/bash
# collect.sh: copies what there is by now of $MINI_WORK to $OUT, the model in pieces of 12 MB.
here=$(cd "$(dirname "$0")" && pwd); work=${MINI_WORK:-$here/work}
cp "$work"/*.log "$work"/evaluation-*.json "$work"/status "$OUT" 2>/dev/null
model=$work/deft-mini-v2.gguf
[ -f "$model" ] && cp "$model" "$work/collected.gguf" && split -b 12M "$work/collected.gguf" "$OUT/deft-mini-v2.gguf." \
  && (cd "$work" && sha256sum collected.gguf) > "$OUT/sha256"
cat "$work/status"; grep -c Mtok "$work/train.log"; grep "Mtok\|greedy\|done\|pool" "$work/train.log" | tail -5 | cut -c1-600
