#!/usr/bin/env bash
# Unpacks a bundle and runs the program in it as on a machine without a JDK: bundle-test.sh TAR
set -euo pipefail
tar=$(cd "$(dirname "$1")" && pwd)/${1##*/}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
tar -C "$folder" -xJf "$tar"
bundle=$folder/deft-bundle
mkdir "$folder/bin" "$folder/home"
# What the launcher calls, and no java.
for tool in sh bash sed find head awk cat dirname readlink grep mv rm mkdir ls env wc sleep; do
  ln -s "$(command -v "$tool")" "$folder/bin/$tool"
done

deft() {
  env -i PATH="$folder/bin" HOME="$folder/home" DEFT_JVM_ROOT="$folder/none" "$bundle/deft" "$@"
}
fail() {
  echo "bundle-test: $*" >&2
  exit 1
}

[ "$(deft --print-jdk)" = "$bundle/jre" ] || fail "it takes another Java: $(deft --print-jdk)"
deft --help | grep -q 'Exit codes' || fail "deft --help failed"
deft doctor | grep -q panama || fail "deft doctor lists no backend"
deft run sorting --problem '[3,1,2,2]' --backend panama --json >"$folder/run.json" ||
  fail "deft run sorting failed"
grep -q '"solved"' "$folder/run.json" || fail "deft run sorting gave no report"
deft bench decode --shape tiny --backend panama --leaves 2 --context 50 --tokens 5 --steps 2 \
  --csv | grep -q '^2,50,5,flatten' || fail "deft bench decode failed"
code=0
message=$(deft plot "$folder/run.json" 2>&1) || code=$?
[ "$code" = 1 ] && [ "$(printf '%s\n' "$message" | wc -l)" = 1 ] ||
  fail "deft plot without java.desktop: exit code $code, $message"
echo "bundle-test: the program runs without a JDK"
