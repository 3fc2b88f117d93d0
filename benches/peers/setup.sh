#!/bin/sh
# Installs the Python peers in a venv and builds the Rust programs, both below `target/peers` of the repository.
set -eu
cd "$(dirname "$0")"
built=../../target/peers
python3 -m venv "$built/venv"
"$built/venv/bin/pip" install --requirement python/requirements.txt
cargo build --release --target-dir "$built"
