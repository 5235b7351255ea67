#!/usr/bin/env bash
# Builds the fuzz targets and runs each of them: fuzz/run.sh [executions] [target…]
#
# Needs a nightly toolchain and cargo-fuzz (`cargo install cargo-fuzz`).
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-10000000}
if [ $# -gt 1 ]; then
    targets=("${@:2}")
else
    mapfile -t targets < <(cargo +nightly fuzz list)
fi

# The crate forbids unsafe code, so an address sanitizer would only check its dependencies, at a third of the speed.
cargo +nightly fuzz build --sanitizer none --codegen-units 16
for target in "${targets[@]}"; do
    echo "== $target"
    mkdir -p "fuzz/corpus/$target"
    cargo +nightly fuzz run --sanitizer none --codegen-units 16 "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
        -runs="$runs" -max_len=512 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -verbosity=0
done
