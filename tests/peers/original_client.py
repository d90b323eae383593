"""Watches CloudEvents' own Python SDK send to a running gateway.

``python -m tests.peers.original_client`` makes a scratch environment, installs the package from
PyPI by its name, starts a gateway on 127.0.0.1, posts events that the SDK has written in binary and
in structured mode, and compares what is stored with what the SDK was given. Not part of the gate,
which needs no network.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tests.gateway.serving import beside, records

PACKAGE: Final = "cloudevents==2.2.0"
SUBJECT: Final = 'Euro \u20ac \U0001f600 "quoted" 100% a,b'
# By the last part of the id: the media type, what the SDK is given, and what a record has of it.
DATA: Final[dict[str, tuple[str, str, Any, str]]] = {
    "json": ("application/json", "{'a': [1.5, None, 'é']}", {"a": [1.5, None, "é"]}, ""),
    "text": ("text/plain; charset=utf-8", '"h\\u00e9llo"', "héllo", ""),
    "bytes": ("application/octet-stream", 'b"\\x00\\xff"', "AP8=", "base64"),
    "nothing": ("application/json", "None", None, ""),
}
CLIENT: Final = """
import ast, json, sys, urllib.request
from datetime import datetime, timedelta, timezone
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
url, subject, given = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
for name, (kind, data) in given.items():
    for mode, write in dict(binary=to_binary_event, structured=to_structured_event).items():
        zone = timezone(timedelta(hours=2))
        attributes = {
            "id": f"{mode}-{name}", "source": "/peers?q=1#f", "type": "org.example.sent",
            "subject": subject, "datacontenttype": kind, "extinteger": 7, "extboolean": True,
            "specversion": "1.0", "time": datetime(2026, 11, 28, 20, 54, 1, 5, tzinfo=zone),
        }
        message = write(CloudEvent(attributes=attributes, data=ast.literal_eval(data)))
        body = message.body if isinstance(message.body, bytes) else (message.body or "").encode()
        request = urllib.request.Request(url, data=body, headers=dict(message.headers))
        assert urllib.request.urlopen(request).status == 200
"""


def expected(mode: str, name: str) -> dict[str, Any]:
    """What a record must have."""
    kind, _, data, encoding = DATA[name]
    return {
        "id": f"{mode}-{name}",
        "source": "/peers?q=1#f",
        "type": "org.example.sent",
        "subject": SUBJECT,
        "datacontenttype": kind,
        "extinteger": "7",
        # As this SDK writes it into a header; a boolean of the specification is "true".
        "extboolean": "True" if mode == "binary" else "true",
        "data": data,
        **({"datacontentencoding": encoding} if encoding else {}),
    }


def main() -> None:
    """See the module."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        with beside(scratch, PACKAGE) as (python, url):
            given = json.dumps({name: of[:2] for name, of in DATA.items()})
            arguments = [python, "-c", CLIENT, url, SUBJECT, given]
            subprocess.run(arguments, check=True, timeout=120)
        stored = [json.loads(line) for _, line in records(scratch / "store")]
        by_id = {record["id"]: record for record in stored}
        assert len(stored) == len(by_id) == 2 * len(DATA)
        for mode in ("binary", "structured"):
            for kind in DATA:
                due = expected(mode, kind)
                record = by_id[due["id"]]
                assert {key: record.get(key) for key in due} == due
                moment = datetime.fromisoformat("2026-11-28T18:54:01.000005+00:00")
                assert datetime.fromisoformat(record["time"]) == moment
        print(f"{len(stored)} events of {PACKAGE} are stored as they were given")


if __name__ == "__main__":
    main()
