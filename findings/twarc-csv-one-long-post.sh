#!/usr/bin/env bash
# twarc-csv 0.7.2 with twarc 2.14.0: one long post makes `twarc2 csv` drop all the tweets around it, and exit with 0.
#
# X's API gives the text of a post over 280 characters in note_tweet, a field younger than the converter's list of
# columns. A tweet with a column that is not in the list costs its whole batch (100 tweets unless told otherwise): ten
# tweets with one long post among them give a CSV of a header alone. What is skipped is printed, but the command
# succeeds. --extra-input-columns note_tweet.text keeps them. (With pandas 3 the converter does not run at all, hence
# the pin.)
#
# Seen: ten short tweets: 10 rows; one of them long: 0 rows, exit code 0.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q twarc==2.14.0 twarc-csv==0.7.2 pandas==2.3.3
export HOME="$work"
cd "$work"
python3 - <<'PY'
import json

author = {"id": "1", "name": "someone", "username": "someone", "created_at": "2020-01-01T00:00:00.000Z"}
counts = {"retweet_count": 1, "reply_count": 0, "like_count": 2, "quote_count": 0}
time = "2026-11-01T10:00:00.000Z"
tweets = [
    {"id": f"19{number:017}", "conversation_id": f"19{number:017}", "text": f"tweet {number}", "author_id": "1",
     "author": author, "created_at": time, "lang": "en", "public_metrics": counts}
    for number in range(10)
]  # fmt: skip
with open("short.jsonl", "w") as file:
    file.writelines(json.dumps(tweet) + "\n" for tweet in tweets)
tweets[4]["note_tweet"] = {"text": "at length " * 40}
with open("long.jsonl", "w") as file:
    file.writelines(json.dumps(tweet) + "\n" for tweet in tweets)
PY
rows() {
    # It asks for a key where it has none; converting uses no network.
    venv/bin/twarc2 --bearer-token unused csv "$@" table.csv >said 2>&1
    python3 -c 'import csv; print(len(list(csv.reader(open("table.csv")))) - 1)'
}
short=$(rows short.jsonl)
long=$(rows long.jsonl)
named=$(rows --extra-input-columns note_tweet.text long.jsonl)
echo "ten tweets: $short rows; one of them long: $long rows; with the column named: $named rows"
[ "$short" -eq 10 ] && [ "$long" -eq 0 ] && [ "$named" -eq 10 ]
