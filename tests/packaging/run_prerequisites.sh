#!/usr/bin/env bash
# Compares every external command that ./run and the tests' scripts name with the packages that ./run installs.
#
# A word of a script counts as a command when a program of that name exists. Its package must be one that ./run installs
# (or that such a one depends on), or one that every Debian system has.
set -uo pipefail
WEFT_SOURCE=${WEFT_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$WEFT_SOURCE" || exit 1
if ! command -v dpkg-query >/dev/null; then
  echo "only Debian's packages can be compared"
  exit 77
fi
table_of() { sed -nE "/^($1)_needs=/,/[\"']\$/p" run | grep -E '^ +[a-z]'; }
packages_in() { awk '{print $2}' <<<"$1" | tr -d "\"'" | sort -u; }
with_depends() {
  while read -r package; do
    echo "$package"
    dpkg-query -W -f '${Depends},${Pre-Depends}' "$package" 2>/dev/null |
      sed 's/[,|]/\n/g' | sed -E 's/^ *//; s/[ :(].*//' | grep .
  done | tr '\n' ' '
}
table=$(table_of '[a-z]+')
mapfile -t listed < <(packages_in "$table")
everything=$(with_depends < <(packages_in "$table"))
of_tests=$(with_depends < <(packages_in "$(table_of 'build|test')"))  # what ./run test installs
# Used when they exist, never required: how to become root, what an uninstalled machine is told with.
optional=(sudo apt apt-utils)
export PATH=/usr/sbin:/usr/bin:/sbin:/bin  # what packages bring, not what somebody built
result=0 count=0

if ((${#listed[@]} < 8)); then
  echo "the table of packages in ./run can't be read: ${listed[*]}"
  exit 1
fi

declare -A owners standings  # what dpkg has been asked
find_owner() {  # the package of a program, followed through links that packages don't own
  local path=$1 form
  for form in "$path" "${path#/usr}" "$(readlink -f "$path")"; do
    if dpkg-query -S "$form" 2>/dev/null | grep -v '^diversion' | head -n 1 | sed 's/[:,].*//' | grep .; then return; fi
  done
}

owner() {
  if [[ -z ${owners[$1]+known} ]]; then owners[$1]=$(find_owner "$1"); fi
  package=${owners[$1]}
}

mapfile -t scripts < <(find run .ci/run tests -type f \( -name '*.sh' -o -name run \) | sort)
for script in "${scripts[@]}"; do
  provided=$everything
  if [[ $script == tests/* ]]; then provided=$of_tests; fi
  while read -r word; do
    path=$(type -P -- "$word") || continue
    owner "$path"
    if [[ -z $package ]]; then
      echo "$script: $word ($path) belongs to no package"
      result=1
      continue
    fi
    count=$((count + 1))
    if [[ " $provided ${optional[*]} " == *" $package "* ]]; then continue; fi
    if [[ -z ${standings[$package]+known} ]]; then
      standings[$package]=$(dpkg-query -W -f '${Essential} ${Priority}' "$package")
    fi
    standing=${standings[$package]}
    if [[ $standing == yes* || $standing == *required ]]; then continue; fi
    echo "$script: $word comes from $package, which ./run doesn't install"
    result=1
  done < <(sed -E 's/(^|[[:space:]])#.*//' "$script" | grep -oE '[A-Za-z_][A-Za-z0-9_.+-]*' | sort -u)
done

# And the other way round: what the table names exists in it under the right package.
while read -r what named; do
  named=$(tr -d "\"'" <<<"$named")
  if [[ $what != */* && $what != *.h ]] && path=$(type -P -- "$what"); then
    owner "$path"
    if [[ $package != "$named"* ]]; then  # pkgconf brings pkgconf-bin
      echo "run: $what is of $package, the table says $named"
      result=1
    fi
  fi
done <<<"$table"
echo "${#scripts[@]} scripts, $count uses of programs, packages: ${listed[*]}"
((count > 20)) || { echo "too few programs were seen"; result=1; }
exit $result
