#!/usr/bin/env bash
# What a pull request does to cities, as a comment on it: plans those whose files it adds or changes, and says of those whose files it
# takes away (or renames, which makes another city) whether they stand. Fails if one stands, or may, and if a plan can't be made.
#
#   .github/plan.sh BASE        BASE: what the pull request is held against, like origin/main
#
# MIGRATE      the program; target/release/migrate unless it is set
# CREDENTIALS  true: AWS is asked. Otherwise plans are made in the sandbox, where nothing of a city stands
# COMMENT      the file for the comment; comment.md unless it is set. Not written where no city is touched
set -uo pipefail

base=$1
migrate=${MIGRATE:-target/release/migrate}
comment=${COMMENT:-comment.md}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# The cities whose files were changed in one of these ways. Other names than a city's are left to `migrate validate`.
cities() {
  git diff --no-renames --name-only --diff-filter="$1" "$base...HEAD" -- 'cities/*.yaml' |
    sed -nE 's#^cities/([a-z][a-z0-9-]{0,15})\.yaml$#\1#p'
}

changed=$(cities AM) || exit 1
gone=$(cities D) || exit 1
[ -n "$changed$gone" ] || exit 0

# How the city whose file is gone is: 0 if nothing of it stands, 2 if something does, anything else if that can't be seen.
stands() {
  [ "${CREDENTIALS:-}" = true ] || return 1
  git show "$(git merge-base "$base" HEAD):cities/$1.yaml" > "$work/$1.yaml" || return 1
  "$migrate" --cities "$work" plan "$1" --destroy --detailed-exitcode > "$work/told" 2>&1
}

told() {
  echo '```text'
  cat "$1"
  echo '```'
}

way_on() {
  echo
  echo "A city isn't taken down by deleting its file. Either take it down first: \`migrate destroy $1\` works without the file."
  echo "Or bring the file back: \`git checkout $base -- cities/$1.yaml\`. A renamed file is the file of another city, for which nothing stands."
  echo
}

{
  echo '<!-- migrate plan -->'
  for city in $gone; do
    stands "$city"
    case $? in
      0) echo "**$city**: its file is deleted here, and nothing of the city stands." ; echo ;;
      2) failed=1 ; echo "### $city stands, and its file is deleted here" ; way_on "$city" ;;
      *)
        failed=1
        echo "### $city: its file is deleted here, and whether the city stands can't be seen"
        [ -f "$work/told" ] && told "$work/told"
        way_on "$city"
        ;;
    esac
    rm -f "$work/told"
  done
  if [ -n "$changed" ]; then
    sandbox=()
    if [ "${CREDENTIALS:-}" != true ]; then
      sandbox=(--sandbox)
      echo '_Without AWS credentials: planned in the sandbox, where nothing of the city stands yet._'
      echo
    fi
    # shellcheck disable=SC2086 # one word a city
    if ! "$migrate" "${sandbox[@]}" plan $changed --output markdown 2> "$work/errors"; then
      failed=1
      told "$work/errors"
    fi
    cat "$work/errors" >&2
  fi
} > "$comment"

cat "$comment" >> "${GITHUB_STEP_SUMMARY:-/dev/null}"
exit "$failed"
