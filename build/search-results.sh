#!/bin/sh
# The tables of docs/search.md: strategies on sorting at equal tokens, and the time of DVTS.
#
#   build/search-results.sh [FOLDER]      default: docs/search
#
# Goes on where it was stopped. Written there: difficulty.txt (how hard lists had to be made),
# sorting/ (rows, tables and charts of 'deft eval'), dvts.csv, machine.txt; the tables are put
# between the marks of docs/search.md.
#
#   PROBLEMS=40 SEEDS=3 BUDGETS=2^0..2^5 MODEL=deft-mini THREADS=   how much, with what
#   LENGTH= SKEW=                                                   instead of looking for a difficulty
#   DVTS_ROUNDS=5                                                   runs of each that is timed
set -eu

home=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
out=${1:-$home/docs/search}
deft=${DEFT:-$home/deft}
model=${MODEL:-deft-mini}
threads=${THREADS:+--threads $THREADS}
mkdir -p "$out"
began=$(date +%s)
say() { printf '%s\n' "$*" >&2; }

# --- Lists that the model does not always sort: else no strategy can be told from another. ---
if [ -n "${LENGTH:-}" ]; then
  echo "$LENGTH ${SKEW:-0}" > "$out/difficulty.txt"
elif [ ! -s "$out/difficulty.txt" ]; then
  for try in "64 0" "128 0" "128 0.5" "128 0.7" "140 0.7" "140 0.8" "150 0.7" "150 0.9"; do
    length=${try% *}
    skew=${try#* }
    probe=$out/probe/$length-$skew
    # shellcheck disable=SC2086
    "$deft" eval sorting --model "$model" $threads --strategies greedy --budgets 1 --seeds 1 \
      --problems 40 -T "length=$length" -T "skew=$skew" --out "$probe" > /dev/null
    solved=$(awk -F, 'NR == 2 { print int(100 * $5 + 0.5) }' "$probe/table.csv")
    say "lists of $length digits, skew $skew: greedy solves $solved %"
    if [ "$solved" -le 75 ]; then
      echo "$try" > "$out/difficulty.txt"
      break
    fi
  done
  [ -s "$out/difficulty.txt" ] || { say "the model sorts all of these: set LENGTH and SKEW"; exit 1; }
fi
read -r length skew < "$out/difficulty.txt"

# --- Strategies at equal tokens. judge: the model's own opinion; checker: the task's check. ---
# shellcheck disable=SC2086
"$deft" eval sorting --model "$model" $threads \
  --strategies "${STRATEGIES:-greedy,self-consistency,best-of-n/judge,best-of-n/checker,retry/checker,beam/judge,dvts/judge,tot-bfs/checker,tot-bfs/checker:width=4}" \
  --budgets "${BUDGETS:-2^0..2^5}" --seeds "${SEEDS:-3}" --problems "${PROBLEMS:-40}" \
  -T "length=$length" -T "skew=$skew" --out "$out/sorting" > /dev/null
say "strategies: $(($(date +%s) - began)) s"

# --- DVTS of 64 branches against best-of-64, at equal tokens, alternately. ---
# An answer is one thought: with depth 1 both sample 64 answers of the same length.
dvts=$out/dvts.csv
[ -s "$dvts" ] || echo "strategy,round,decoded,seconds,depth" > "$dvts"
time_one() { # name round strategy options...
  grep -q "^$1,$2," "$dvts" && return
  name=$1 round=$2
  shift 2
  # shellcheck disable=SC2086
  "$deft" run sorting --model "$model" $threads --length 64 --seed "$round" --evaluator judge \
    -E threshold=2 --json --strategy "$@" > "$out/run.json"
  value() { sed -n "s/.*\"$1\": \([0-9.]*\).*/\1/p" "$out/run.json" | head -1; }
  echo "$name,$round,$(value decoded),$(value seconds),$(value depth)" >> "$dvts"
  rm "$out/run.json"
}
for round in $(seq 1 "${DVTS_ROUNDS:-5}"); do
  time_one best-of-64 "$round" best-of-n -S width=64 -S temperature=1
  time_one dvts-16x4 "$round" dvts -S width=16 -S branch=4 -S depth=1 -S temperature=1
done

{
  uname -srm
  sed -n 's/^model name.*: //p' /proc/cpuinfo 2> /dev/null | head -1
  echo "$(getconf _NPROCESSORS_ONLN) cores"
  "$deft" --version
  "$deft" models 2> /dev/null | awk -v model="$model" '
    $1 == model && match($0, /version [0-9]+/) { found = substr($0, RSTART, RLENGTH) }
    END { print model (found == "" ? "" : " " found) }'
  date -u +%Y-%m-%d
} > "$out/machine.txt"

# --- Into the page. ---
page=${PAGE:-$home/docs/search.md}
{
  echo "$(tr '\n' ';' < "$out/machine.txt" | sed 's/;$//; s/;/, /g'); lists of $length digits, skew $skew:"
  echo
  # A line a strategy: solved by budget, and what the largest budget cost.
  awk -F, 'NR == 1 { next }
    { gsub(/"/, "", $1)
      if (!($1 in at)) { at[$1] = ++n; name[n] = $1 }
      if (!($2 in seen)) { seen[$2] = 1; budget[++m] = $2 }
      solved[$1, $2] = sprintf("%.1f", 100 * $5)
      covered[$1] = sprintf("%.1f", 100 * $8); tokens[$1] = sprintf("%d", $9 + 0.5); seconds[$1] = sprintf("%.2f", $12) }
    END {
      last = budget[m]
      head = "| solved, % |"; rule = "|---|"
      for (j = 1; j <= m; j++) { head = head " " budget[j] " |"; rule = rule "--:|" }
      print head " covered at " last " | tokens at " last " | s at " last " |"; print rule "--:|--:|--:|"
      for (i = 1; i <= n; i++) {
        line = "| `" name[i] "` |"
        for (j = 1; j <= m; j++) line = line " " solved[name[i], budget[j]] " |"
        print line " " covered[name[i]] " | " tokens[name[i]] " | " seconds[name[i]] " |"
      } }' "$out/sorting/table.csv"
  echo
  echo "Against the best of the cheap baselines, at the largest budget, and of all searches and budgets:"
  echo
  largest=$(awk -F, 'NR > 1 && $2 + 0 > most { most = $2 + 0 } END { print most }' "$out/sorting/table.csv")
  grep "^- .* at budget $largest against" "$out/sorting/table.md" || : # baselines alone are compared with nothing
  awk '/^- /{ after = 1; next } after && NF { print "- " $0 }' "$out/sorting/table.md"
  echo
  echo "| run | tokens sampled | s, median | tokens a second |"
  echo "|---|--:|--:|--:|"
  for name in best-of-64 dvts-16x4; do
    grep "^$name," "$dvts" | sort -t, -k4 -n | awk -F, -v name="$name" '
      { decoded[NR] = $3; seconds[NR] = $4 }
      END { m = int((NR + 1) / 2)
            printf "| `%s` | %d | %.2f | %.0f |\n", name, decoded[m], seconds[m], decoded[m] / seconds[m] }'
  done
} > "$out/section.md"
awk -v section="$out/section.md" '
  /<!-- results: begin/ { print; print ""; while ((getline line < section) > 0) print line; print ""; skip = 1 }
  /<!-- results: end/ { skip = 0 }
  !skip || /<!-- results: end/ { if (!/<!-- results: begin/) print }' "$page" > "$page.new"
mv "$page.new" "$page"
say "written to $page after $(($(date +%s) - began)) s"
