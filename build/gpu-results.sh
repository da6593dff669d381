#!/usr/bin/env bash
# Measures everything of docs/results.md on a machine with a CUDA device, in about four minutes:
# gpu-results.sh TEMPLATES OUT [STAGE...]
#   TEMPLATES  the DeFT authors' dataset/generation: reasoning/ and speculative_decoding/ in it
#   OUT        folder for the results: a table (.md) and a JSON document (.json) each
#   STAGE      attention, methods, decode, trees, drafts, series (all unless named)
# Run it from an unpacked bundle or from the sources; `deft plot OUT/NAME.json` draws the charts.
set -euo pipefail
templates=${1:?folder of templates}
out=${2:?folder for the results}
shift 2
[ $# -gt 0 ] || set -- attention methods decode trees drafts series
deft=${DEFT:-$(cd "$(dirname "$0")/.." && pwd)/deft}
mkdir -p "$out"

trees=()
for f in sorting128ToT docmergeToT set128ToT keywordToT; do
  trees+=(--templates "$templates/reasoning/$f.json")
done
drafts=()
for n in 32 64 256; do
  drafts+=(--templates "$templates/speculative_decoding/tree_size$n.json")
done

# bench NAME ARGUMENTS: one benchmark, its table and its document.
bench() {
  name=$1
  shift
  echo "== $name: deft bench $*" >&2
  start=$(date +%s)
  "$deft" bench "$@" --out "$out/$name.json" | tee "$out/$name.md"
  echo "== $name took $(($(date +%s) - start)) s" >&2
}

for stage in "$@"; do
  case $stage in
    attention)
      bench attention attention --templates "$templates" \
        --workload deft --workload fasttree --workload pat
      ;;
    methods)
      bench methods attention --templates "$templates" --workload few-shot-4k-50 \
        --workload sorting --workload draft-64 \
        --attention flatten,node,node-chunk,sequence,radix,tree-mask,tree-mask-bits
      ;;
    decode)
      bench decode decode --shape llama-3-8b --backend cuda --leaves 1,4,16,32,50,64
      bench decode-16k decode --shape llama-3-8b --backend cuda --context 16000 --leaves 1,50
      ;;
    trees)
      bench trees replay --shape llama-3-8b --backend cuda --samples 12 \
        --prompt 1000,4000,16000 "${trees[@]}"
      ;;
    drafts)
      bench drafts replay --shape llama-3-8b --backend cuda --samples 6 \
        --prompt 1000,4000,16000 "${drafts[@]}"
      ;;
    series)
      bench series-trees replay --attention-only --shape llama-3-8b --backend cuda --samples 24 \
        --prompt 1000,4000,16000 "${trees[@]}"
      bench series-drafts replay --attention-only --shape llama-3-8b --backend cuda --samples 4 \
        --prompt 1000,4000,16000 "${drafts[@]}"
      ;;
    *)
      echo "gpu-results: no stage $stage" >&2
      exit 2
      ;;
  esac
done
