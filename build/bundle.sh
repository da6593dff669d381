#!/usr/bin/env bash
# Makes a tar of the program with a runtime of its own, so that a host needs no JDK:
# bundle.sh DIST TARGET, where DIST/lib holds the jars; called by `mvn -Pbundle package`.
set -euo pipefail
dist=$1
target=$2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jdk=$("$root/deft" --print-jdk)
name=deft-bundle
rm -rf "${target:?}/$name" "$target/$name.tar.xz"
mkdir -p "$target/$name"
"$jdk/bin/jlink" \
  --add-modules java.base,java.logging,java.management,java.naming,java.net.http,java.xml,jdk.crypto.ec,jdk.incubator.vector,jdk.management,jdk.unsupported,jdk.zipfs \
  --strip-debug --no-man-pages --no-header-files --output "$target/$name/jre"
cp "$root/deft" "$target/$name/"
cp -r "$dist/lib" "$target/$name/"
rm -f "$target/$name"/lib/*-windows-*.jar
for f in LICENSE README.md; do
  [ ! -e "$root/$f" ] || cp "$root/$f" "$target/$name/"
done
tar -C "$target" -cJf "$target/$name.tar.xz" "$name"
rm -rf "${target:?}/$name"
echo "bundle: $target/$name.tar.xz"
