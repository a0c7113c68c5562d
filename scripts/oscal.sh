#!/usr/bin/env bash
# Holds the compliance report of a real server, as OSCAL assessment results, against NIST's model of OSCAL 1.1.2: every
# member, type, pattern and required field, that no id is used twice, and that what is referred to is there. Then the
# same with one thing wrong at a time, which must be found. The model is that of compliance-trestle (Apache-2.0), whose
# classes are made from NIST's schemas; it goes into target/oscal and needs Python 3.9 or newer.
. "$(dirname "$0")/common.sh"
need python3 "install Python 3.9 or newer"
need curl "install curl"

# The last release whose models are those of 1.1.2, the version our reports name; later ones know 1.2 alone.
python_tool oscal trestle 'compliance-trestle==3.4.0'
scratch_for_a_server

say "OSCAL: a server with the demonstration organisation"
start_demo
key=$(grep -oE 'sk_platform_[A-Za-z0-9_-]{43}' "$scratch/log" | tail -1)
reports=http://$address/api/zentinelle/v1/reports
ask() { curl -fsS -H "X-Zentinelle-Key: $key" "$@"; }

say "OSCAL: every framework that applies"
id=$(ask "$reports" -H 'Content-Type: application/json' -d '{"report_type":"compliance_full","format":"oscal"}' | sed -nE 's/.*"id":"([^"]+)".*/\1/p')
[ -n "$id" ] || fail "the server did not take the report"
for _ in {1..150}; do
  ! ask "$reports/$id" | grep -q '"status":"complete"' || break
  sleep 0.2
done
ask "$reports/$id/download" -o "$scratch/report.json" || fail "the report was not finished within half a minute"

"$tool/bin/python" -W ignore - "$scratch/report.json" <<'PYTHON'
import copy, json, sys
from trestle.oscal import OSCAL_VERSION
from trestle.oscal.assessment_results import Model

def walk(value, path=()):
    yield path, value
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from walk(inner, (*path, key))

def faults(document):
    try:
        Model.parse_obj(document)
    except Exception as error:
        yield str(error)
    if document["assessment-results"]["metadata"]["oscal-version"] != OSCAL_VERSION:
        yield f"the report does not say that it is OSCAL {OSCAL_VERSION}"
    places = list(walk(document))
    ids = [value for path, value in places if path and path[-1] == "uuid"]
    yield from {f"the id {one} is used twice" for one in ids if ids.count(one) > 1}
    for path, value in places:
        if value == []:
            yield f"{path} is empty, and the schema knows no empty lists"
        if path and path[-1] in ("observation-uuid", "href") and not str(value).startswith("http") and value.lstrip("#") not in ids:
            yield f"{path}: {value} is nowhere in the document"

report = json.load(open(sys.argv[1]))
found = list(faults(report))
if found:
    sys.exit("error: the report is not OSCAL:\n" + "\n".join(found[:10]))
results = report["assessment-results"]["results"]
assert len(results) > 3 and all(one["findings"] for one in results), "the demonstration has several frameworks"

def wrong(*path, value=None):
    document = copy.deepcopy(report)
    inner = document["assessment-results"]
    for key in path[:-1]:
        inner = inner[key]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return path, document

spoilt = [
    wrong("metadata", "oscal-version", value="9.9"), wrong("results", 0, "start"), wrong("results", 0, "more", value=1),
    wrong("results", 0, "findings", 0, "target", "status", "state", value="perhaps"), wrong("results", 0, "findings", value=[]),
    wrong("results", 0, "uuid", value=results[1]["uuid"]), wrong("import-ap", "href", value="#nowhere"),
    wrong("results", 0, "observations", 0, "collected", value="yesterday"),
]
for path, document in spoilt:
    assert list(faults(document)), f"{path} is wrong and was not found"
print(f"OSCAL {OSCAL_VERSION}: {len(results)} frameworks, {sum(len(one['findings']) for one in results)} findings, "
      f"{sum(len(one.get('observations', [])) for one in results)} observations; {len(spoilt)} spoilt reports were refused")
PYTHON
