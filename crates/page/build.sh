#!/usr/bin/env bash
# Builds the program of pages, crates/picture/src/page/assets/page.wasm.gz. With `--check` builds it and says whether it is what is there.
#
# It is built by Debian's toolchain of this version, of which machines make the same bytes where the project has the same path:
#
#     apt-get install -y --no-install-recommends rustc-web cargo-web rust-web-src rust-web-llvm lld-19
#
# Elsewhere it can be built with `rustup target add wasm32-unknown-unknown`; then the bytes differ.
set -euo pipefail
cd "$(dirname "$0")"

version="rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)"
file=../picture/src/page/assets/page.wasm.gz
target=${CARGO_TARGET_DIR:-target}
built=$target/wasm32-unknown-unknown/release/chainrule_page.wasm

# Paths of the machine do not get into the module.
remap="--remap-path-prefix=$(cd ../.. && pwd)=/chainrule --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
if [ "$(/usr/bin/rustc --version 2>/dev/null)" = "$version" ]; then
    # A panic ends the program without a word: its texts would be a quarter of it.
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zunstable-options -Cpanic=immediate-abort -Ctarget-feature=-simd128 $remap" \
        /usr/bin/cargo build --locked --release -Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size --target wasm32-unknown-unknown \
        --config 'target.wasm32-unknown-unknown.linker="wasm-ld-19"'
elif [ "${1:-}" = --check ]; then
    echo "not compared: /usr/bin/rustc is not $version"
    exit 0
else
    RUSTFLAGS="$remap" cargo build --locked --release --target wasm32-unknown-unknown
fi
if [ "${1:-}" = --check ]; then
    # The flags that hide the project's path are a part of what names are made of, so that another path gives another order of
    # functions: a difference is said, and does not decide.
    gunzip -c "$file" | cmp - "$built" || echo "the committed program is another: built at another path, or of other sources"
elif command -v zopfli >/dev/null; then
    # Some hundredths smaller.
    zopfli -c "$built" >"$file"
else
    gzip -9nc "$built" >"$file"
fi
ls -l "$built" "$file"
