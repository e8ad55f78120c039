#!/usr/bin/env bash
# What HumanEval-X needs beside compilers, in one folder: Go's testify with a warm build cache, Rust's rand, regex and md5, Node's js-md5.
#
#     benchmarks/code_libraries.sh DIR
#
# Fetches them with go, cargo and npm, those that are installed; then give the task libraries=DIR. Programs read it under a user id that owns
# nothing, so every folder on the way to DIR must be open to all users.
set -euo pipefail
[ $# = 1 ] || { sed -n '2,7p' "$0"; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

if command -v go >/dev/null; then
  mkdir -p "$work/go" "$dir/go"
  export GOMODCACHE=$dir/go/modcache GOCACHE=$dir/go/cache GOFLAGS=-mod=mod GOTOOLCHAIN=local
  cd "$work/go"
  go mod init humaneval
  go get github.com/stretchr/testify@v1.9.0
  cat > main_test.go <<'GO'
package main

import (
    "bytes"
    "crypto/md5"
    "fmt"
    "math"
    "math/rand"
    "regexp"
    "sort"
    "strconv"
    "strings"
    "testing"
    "time"

    "github.com/stretchr/testify/assert"
)

func TestAll(t *testing.T) {
    words := []string{"a"}
    sort.Strings(words)
    assert.Equal(t, 1, len(fmt.Sprint(strconv.Itoa(int(math.Abs(-1))))))
    _ = md5.New()
    _ = bytes.NewBufferString(strings.ToLower("A"))
    _ = regexp.MustCompile("a")
    _ = rand.New(rand.NewSource(time.Now().Unix()))
}
GO
  go test -vet=off main_test.go
  cp go.mod go.sum "$dir/go/"
  chmod -R a+rX "$dir/go"
  unset GOFLAGS
fi

if command -v cargo >/dev/null; then
  mkdir -p "$work/rust/src" "$dir/rust/libraries"
  cd "$work/rust"
  printf '[package]\nname = "humaneval"\nversion = "0.1.0"\nedition = "2018"\n\n[dependencies]\nrand = "0.4"\nregex = "1"\nmd5 = "0.7.0"\n' > Cargo.toml
  echo 'fn main() {}' > src/main.rs
  cargo build --quiet
  cp target/debug/deps/*.rlib "$dir/rust/libraries/"
  for name in rand regex md5; do
    rm -f "$dir/rust/libraries/lib$name.rlib"
    ln -s "$(basename "$(ls target/debug/deps/lib$name-*.rlib | head -1)")" "$dir/rust/libraries/lib$name.rlib"
  done
  chmod -R a+rX "$dir/rust"
fi

if command -v npm >/dev/null; then
  mkdir -p "$dir/js"
  npm install --silent --prefix "$dir/js" js-md5@0.7.3
  chmod -R a+rX "$dir/js"
fi
