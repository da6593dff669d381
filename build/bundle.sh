#!/usr/bin/env bash
# Makes a tar of the program with a runtime of its own, so that a host needs no JDK:
# bundle.sh DIST TARGET, where DIST/lib holds the jars; called by `mvn -Pbundle package`.
# Prints what takes the room, and ends with an error if the program in it does not run.
set -euo pipefail
dist=$1
target=$2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jdk=$("$root/deft" --print-jdk)
name=deft-bundle
rm -rf "${target:?}/$name" "$target/$name.tar.xz"
mkdir -p "$target/$name"

# What the program needs, and what a plugin that asks a service over HTTPS or reads a zip file does.
# No java.desktop: `deft plot` says so. Classes lie uncompressed in the image: xz packs them better
# than the image's own compression would (14 MB against 26).
modules=java.base,java.logging,java.management,jdk.management,jdk.unsupported,jdk.incubator.vector
modules=$modules,java.net.http,jdk.crypto.ec,jdk.zipfs
strip=--strip-java-debug-attributes
if command -v objcopy >/dev/null; then
  strip="$strip --strip-native-debug-symbols=exclude-debuginfo-files"
fi
# shellcheck disable=SC2086 # the flags are words
"$jdk/bin/jlink" --add-modules "$modules" $strip --compress=zip-0 --no-man-pages \
  --no-header-files --output "$target/$name/jre" 2>&1 | grep -v 'incubator modules' || true
[ -x "$target/$name/jre/bin/java" ] || { echo "bundle: jlink made no runtime" >&2; exit 1; }

cp "$root/deft" "$target/$name/"
mkdir "$target/$name/lib"
for jar in "$dist"/lib/*.jar; do
  case ${jar##*/} in
    *-windows-*) ;;
    # The micro-benchmarks are run from the sources; annotations are for compilers.
    jmh-* | commons-math3-* | jopt-simple-* | error_prone_annotations-* | j2objc-* | listenable*) ;;
    *) cp "$jar" "$target/$name/lib/" ;;
  esac
done
# Of JCuda's natives the driver's and cuBLAS' alone: the PTX compiler's takes 9 MB.
for jar in "$target/$name"/lib/jcu*-natives-*.jar; do
  [ -e "$jar" ] || continue
  (
    jar=$(cd "$(dirname "$jar")" && pwd)/${jar##*/}
    unpacked=$(mktemp -d)
    trap 'rm -rf "$unpacked"' EXIT
    cd "$unpacked"
    "$jdk/bin/jar" xf "$jar"
    find lib -type f ! -name 'libJCudaDriver-*' ! -name 'libJCublas2-*' -delete
    "$jdk/bin/jar" cfM "$jar" lib
  )
done
for f in LICENSE NOTICE README.md; do
  [ ! -e "$root/$f" ] || cp "$root/$f" "$target/$name/"
done
mkdir "$target/$name/build"
cp "$root/build/gpu-results.sh" "$target/$name/build/"

tar -C "$target" -c "$name" | xz -9 -T1 >"$target/$name.tar.xz"
size() { wc -c | awk '{ printf "%.1f MB", $1 / 1e6 }'; }
echo "bundle: $target/$name.tar.xz, $(size <"$target/$name.tar.xz")," \
  "of which the runtime $(tar -C "$target/$name" -c jre | xz -9 -T1 | size)"
rm -rf "${target:?}/$name"
"$root/build/bundle-test.sh" "$target/$name.tar.xz"
