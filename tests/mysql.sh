#!/usr/bin/env bash
# The tests that assess, compare and move MySQL databases, on MySQL instead of MariaDB. Debian has MySQL in its unstable branch only: its programs and
# all of their libraries are fetched by apt-get and unpacked into a folder of their own (350 MB); nothing is installed.
#   tests/mysql.sh                      all of them
#   tests/mysql.sh database::mysql::a   what cargo test would select by that name
set -euo pipefail
cd "$(dirname "$0")/.."

# The servers run as the user mysql where this is root: the folder is to be read by others.
folder=$([ "$(id -u)" = 0 ] && echo /var/cache/migrate/mysql || echo "${XDG_CACHE_HOME:-$HOME/.cache}/migrate/mysql")
if [ ! -x "$folder/bin/mysqld" ]; then
  rm -rf "$folder"
  mkdir -p "$folder"/{apt/{sources,lists/partial,cache/archives/partial},tree,bin}
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' | head -n 1)
  printf 'Types: deb\nURIs: %s\nSuites: sid\nComponents: main\nSigned-By: %s\n' \
    "$mirror" /usr/share/keyrings/debian-archive-keyring.gpg >"$folder/apt/sources/sid.sources"
  : >"$folder/apt/status" # as if nothing were installed: all libraries are fetched, down to libc
  apt=(apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$folder/apt/sources" -o "Dir::State::lists=$folder/apt/lists"
    -o "Dir::Cache=$folder/apt/cache" -o "Dir::State::status=$folder/apt/status")
  "${apt[@]}" update
  "${apt[@]}" install --yes --no-install-recommends --download-only mysql-server-core mysql-client-core
  for package in "$folder"/apt/cache/archives/*.deb; do dpkg-deb --extract "$package" "$folder/tree"; done
  rm -r "$folder/apt"
  loader=$(find "$folder/tree/" -name 'ld-linux-*.so.*' | head -n 1)
  libraries=$(dirname "$(find "$folder/tree/" -name 'libc.so.6' | head -n 1)")
  for program in sbin/mysqld bin/mysqlbinlog; do
    printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' "$loader" "$libraries" "$folder/tree/usr/$program" >"$folder/bin/new"
    chmod 755 "$folder/bin/new"
    mv "$folder/bin/new" "$folder/bin/${program#*/}"
  done
fi
"$folder/bin/mysqld" --no-defaults --version
export PATH="$folder/bin:$PATH" MIGRATE_TEST_MYSQL=1 RUST_BACKTRACE="${RUST_BACKTRACE:-0}"
[ $# -gt 0 ] || set -- database::mysql database::verify_mysql database::assess::a_mysql
exec cargo test --locked --test it -- "$@"
