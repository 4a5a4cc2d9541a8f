#!/usr/bin/env bash
# The fault campaign at length: docs/reliability.md explains it. The last line says how many cases passed and how many failed.
#   tests/faults.sh [--runs N] [--seed S] [--release]
# N seeds from S on, each a storm of several faults at once, and as many single faults, at random out of all that can happen.
# `--release` builds with optimisations first, which pays from some thousand runs on.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=200 seed=1 profile=()
while [ $# -gt 0 ]; do
  case $1 in
    --runs) runs=${2:?how many} && shift ;;
    --seed) seed=${2:?which} && shift ;;
    --release) profile=(--release) ;;
    *) echo "usage: tests/faults.sh [--runs N] [--seed S] [--release]" >&2; exit 64 ;;
  esac
  shift
done
report=$(mktemp)
trap 'rm -f "$report"' EXIT
threads=$(nproc 2>/dev/null || echo 2)
status=0
CAMPAIGN_RUNS=$runs CAMPAIGN_SEED=$seed CAMPAIGN_THREADS=$threads CAMPAIGN_REPORT=$report RUST_BACKTRACE=0 \
  cargo test --locked --quiet "${profile[@]}" --lib engine::campaign::nothing >&2 || status=$?
cat "$report"
exit $status
