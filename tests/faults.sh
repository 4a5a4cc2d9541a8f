#!/usr/bin/env bash
# The fault campaign at length: docs/reliability.md explains it. The last line says how many cases passed and how many failed.
#   tests/faults.sh [--runs N] [--seed S]
# N seeds from S on, each a storm of several faults at once, and as many single faults, at random out of all that can happen.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=200 seed=1
while [ $# -gt 0 ]; do
  case $1 in
    --runs) runs=${2:?how many} && shift ;;
    --seed) seed=${2:?which} && shift ;;
    *) echo "usage: tests/faults.sh [--runs N] [--seed S]" >&2; exit 64 ;;
  esac
  shift
done
report=$(mktemp)
trap 'rm -f "$report"' EXIT
threads=$(nproc 2>/dev/null || echo 2)
# Optimised, it plays twenty times as many cases a second and takes minutes longer to build; its dependencies stay as they are.
if [ "$runs" -gt 300 ]; then export CARGO_PROFILE_DEV_OPT_LEVEL=2; fi
status=0
CAMPAIGN_RUNS=$runs CAMPAIGN_SEED=$seed CAMPAIGN_THREADS=$threads CAMPAIGN_REPORT=$report RUST_BACKTRACE=0 \
  cargo test --locked --quiet --lib engine::campaign::nothing >&2 || status=$?
cat "$report"
exit $status
