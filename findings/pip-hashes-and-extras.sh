#!/usr/bin/env bash
# pip 23.2.1 (the one inside Python 3.11.7): with hashes, name[extra]==x is no pin of name, if another line comes first.
#
# A lock with requests[socks]==2.32.4 and its hash is refused because requests-file, also locked, asks for plain
# requests: "In --require-hashes mode, all requirements must have their versions pinned with ==", naming requests, which
# is. It shows only where the dependent stands BEFORE the pin (locks are sorted, so by the packages' names) and the same
# lines in the other order, or without [socks], install. pip 23.3 takes all of them.
#
# Seen: pip 23.2.1: pin first installs, pin last is refused, pin last without extra installs; pip 23.3: all install.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/old"
python3 -m venv "$work/new"
"$work/old/bin/pip" install -q pip==23.2.1
"$work/new/bin/pip" install -q pip==23.3
"$work/new/bin/pip" download -q -d "$work/wheels" 'requests[socks]==2.32.4' requests-file==2.1.0 PySocks==1.7.1 \
    certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 urllib3==2.8.0
hashed() { "$work/new/bin/pip" hash "$work"/wheels/"$1"-*.whl | tail -n 1; }
{
    echo "PySocks==1.7.1 $(hashed PySocks)"
    echo "certifi==2026.10.18 $(hashed certifi)"
    echo "charset-normalizer==3.5.2 $(hashed charset_normalizer)"
    echo "idna==3.20 $(hashed idna)"
    echo "urllib3==2.8.0 $(hashed urllib3)"
} >"$work/others"
pin="requests[socks]==2.32.4 $(hashed requests)"
dependent="requests-file==2.1.0 $(hashed requests_file)"
printf '%s\n' "$pin" "$dependent" | cat "$work/others" - >"$work/first.txt"
printf '%s\n' "$dependent" "$pin" | cat "$work/others" - >"$work/last.txt"
sed 's/\[socks\]//' "$work/last.txt" >"$work/last-without-extra.txt"
seen=""
for pip in old new; do
    for lock in first last last-without-extra; do
        if "$work/$pip/bin/pip" install -q --dry-run --require-hashes -r "$work/$lock.txt" 2>"$work/said"; then
            seen="$seen yes"
        elif grep -q 'all requirements must have their versions pinned' "$work/said"; then
            seen="$seen no"
        else
            cat "$work/said" >&2
            exit 1
        fi
    done
done
echo "pin first, pin last, pin last without extra; pip 23.2.1, then 23.3:$seen"
[ "$seen" = " yes no yes yes yes yes" ]
