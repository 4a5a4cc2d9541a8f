#!/usr/bin/env bash
# A live database moves there and back under load: docs/database.md tells what is counted. The last line says how many checks passed and
# how many failed.
#   tests/database.sh postgres|mysql [--seconds N] [--rate W] [--gigabytes G] [--release]
#   tests/database.sh postgres|mysql --faults
# 20 clients write W times a second in all, and read as often, from N seconds before each command until N seconds after it; G gigabytes of a
# bike-sharing system's data. The goal is that no write waits for longer than three seconds.
# --release: the command is a release build, as it is shipped.
# With --faults instead: the run is killed at every step, servers crash, the line between them is cut; each time the same command goes on.
set -euo pipefail
cd "$(dirname "$0")/.."
usage() {
  echo "usage: tests/database.sh postgres|mysql [--seconds N] [--rate W] [--gigabytes G] [--release] | postgres|mysql --faults" >&2
  exit 64
}
engine=${1:-} seconds=10 rate=200 gigabytes=0.05 test=show
case $engine in postgres | mysql) shift ;; *) usage ;; esac
while [ $# -gt 0 ]; do
  case $1 in
    --faults)
      test=faults
      export LOAD_FAULTS=all
      shift
      continue
      ;;
    --release)
      cargo build --release --locked --quiet
      MIGRATE_TEST_BINARY=$(realpath "${CARGO_TARGET_DIR:-target}/release/migrate")
      export MIGRATE_TEST_BINARY
      shift
      continue
      ;;
    --seconds) seconds=$2 ;;
    --rate) rate=$2 ;;
    --gigabytes) gigabytes=$2 ;;
    *) usage ;;
  esac
  shift 2
done
report=$(mktemp)
trap 'rm -f "$report"' EXIT
megabytes=$(awk -v g="$gigabytes" 'BEGIN { printf "%.0f", g * 1000 }')
status=0
LOAD_CLIENTS=20 LOAD_RATE=$rate LOAD_SECONDS=$seconds LOAD_MEGABYTES=$megabytes LOAD_GOAL=3000 LOAD_REPORT=$report RUST_BACKTRACE=0 \
  cargo test --locked --quiet --test it -- --exact "database::load::$test::$engine" >"$report.log" 2>&1 || status=$?
if [ -s "$report" ]; then
  cat "$report"
else
  cat "$report.log" >&2
  status=1 # nothing was measured
fi
rm -f "$report.log"
exit $status
