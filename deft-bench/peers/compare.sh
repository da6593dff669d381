#!/bin/sh
# Fetches llama.cpp as npm ships it, builds llama_peer against it, and times both engines in turns.
#
#   deft-bench/peers/compare.sh MODEL.gguf [options of EngineBenchmark]
#
# Needs npm, git, g++, a JDK 25 where ./deft finds one, and the compiled modules (mvn test-compile).
# LLAMA_BUILD names the build folder of a llama.cpp of one's own (shared libraries in its bin), which
# is used instead of the prebuilt libraries, and LLAMA_SOURCE the sources that it was built from.
# Run it on an otherwise idle machine.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$root/deft-bench/target/peers
model=$1
shift
threads=2
previous=
for a in "$@"; do
  if [ "$previous" = --threads ]; then threads=$a; fi
  previous=$a
done
mkdir -p "$work"
cd "$work"
if [ -n "${LLAMA_BUILD:-}" ]; then
  source=$LLAMA_SOURCE
  lib=$LLAMA_BUILD/bin
  libraries="$lib/libllama.so $lib/libggml.so $lib/libggml-base.so"
  program=$work/llama_peer_own
else
  source=$work/source
  lib=$work/node_modules/@node-llama-cpp/linux-x64/bins/linux-x64
  if [ ! -d node_modules/node-llama-cpp ]; then
    [ -f package.json ] || npm init -y >/dev/null
    npm install --ignore-scripts --no-audit --no-fund node-llama-cpp@3.22.1
  fi
  [ -d source ] || git clone -q node_modules/node-llama-cpp/llama/gitRelease.bundle source
  libraries="$(echo "$lib"/libllama.v*.so "$lib"/libggml.v*.so) $lib/libggml-base.so"
  program=$work/llama_peer
fi
if [ ! -x "$program" ] || [ "$here/llama_peer.cpp" -nt "$program" ]; then
  # shellcheck disable=SC2086 # three paths without spaces
  g++ -O2 -std=c++17 -I"$source/include" -I"$source/ggml/include" "$here/llama_peer.cpp" -o "$program" \
    $libraries "-Wl,-rpath,$lib"
fi
case $model in /*) ;; *) model=$OLDPWD/$model ;; esac
java=$("$root/deft" --print-jdk)/bin/java
cp=
for m in deft-tree deft-kernels deft-engine deft-bench; do cp=$cp$root/$m/target/classes:; done
exec "$java" -XX:+UseParallelGC -XX:+UseTransparentHugePages --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED -cp "$cp" \
  org.deft4j.bench.EngineBenchmark "$model" "$@" --peer "$program $model $lib $threads"
