#!/usr/bin/env bash
# Compiles each NAME.cu beside this script to the resource NAME.fatbin and writes sources.sha256
# there: one line an image, the hash of what it was compiled from. Compiles only images whose hash
# changed. Needs nvcc 13; using the images does not.
#
#   build.sh [NAME...]     these images only
#   DEFT_CUDA_ARCHS=90a    compiles for these architectures alone, for trying things out: such
#                          images are not recorded in sources.sha256, so the tests refuse them
#   NVCC=/path/to/nvcc     the compiler
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")"
out=../resources/org/deft4j/kernels/cuda
sums=$out/sources.sha256
archs=${DEFT_CUDA_ARCHS:-80 86 89 90a 100 120}
mkdir -p "$out"
[ -e "$sums" ] || : >"$sums" # its time counts as a change of the sources

# The files that a source includes from this folder, itself among them, one a line.
closure() {
  local todo=("$1") seen=' ' file included
  while [ ${#todo[@]} -gt 0 ]; do
    file=${todo[0]}
    todo=("${todo[@]:1}")
    case $seen in *" $file "*) continue ;; esac
    seen+="$file "
    while IFS= read -r included; do
      [ -z "$included" ] || todo+=("$included")
    done < <(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$file")
  done
  printf '%s\n' $seen | sort
}

# The hash of an image's sources and of this script (SourceHashTest computes the same).
hash_of() {
  { sha256sum build.sh; closure "$1.cu" | xargs sha256sum; } | sha256sum | cut -d' ' -f1
}

find_nvcc() {
  for nvcc in "${NVCC:-}" "$(command -v nvcc || true)" "${CUDA_HOME:-/none}/bin/nvcc" \
    /usr/local/cuda/bin/nvcc; do
    [ -n "$nvcc" ] && [ -x "$nvcc" ] && return 0
  done
  echo "build.sh: the kernels' sources changed and nvcc 13 was not found to compile them" >&2
  return 1
}

flags=()
for arch in $archs; do
  flags+=(-gencode "arch=compute_$arch,code=sm_$arch")
done
[ -n "${DEFT_CUDA_ARCHS:-}" ] || flags+=(-gencode arch=compute_80,code=compute_80)

names=("$@")
[ $# -gt 0 ] || names=($(for f in *.cu; do echo "${f%.cu}"; done))
for name in "${names[@]}"; do
  hash=$(hash_of "$name")
  if [ -z "${DEFT_CUDA_ARCHS:-}" ] && [ -e "$out/$name.fatbin" ] &&
    grep -qx "$hash  $name" "$sums"; then
    continue
  fi
  find_nvcc
  echo "build.sh: compiling $name for $archs"
  "$nvcc" -fatbin -O3 -std=c++17 --threads 2 -compress-mode=size ${DEFT_NVCC_FLAGS:-} \
    "${flags[@]}" -o "$out/$name.fatbin.new" "$name.cu"
  mv "$out/$name.fatbin.new" "$out/$name.fatbin"
  { grep -v "  $name\$" "$sums" || true; [ -n "${DEFT_CUDA_ARCHS:-}" ] || echo "$hash  $name"; } |
    sort -k2 >"$sums.new"
  mv "$sums.new" "$sums"
done
