"""The table, first part: this machine, the options, files, and the way to the service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aiocollect.doctor.checks.files import paths
from aiocollect.doctor.checks.machine import (
    core,
    limits,
    options,
    packages,
    python,
    switch,
    variables,
)
from aiocollect.doctor.checks.network import network
from aiocollect.doctor.facts import Facts, OptionFact, Step, StoreFacts

from .given import AZURE, MIB, Row, of_network, of_options, of_path, of_process


# fmt: off
def machine_rows() -> Iterator[Row]:
    """Name, check, facts, lines."""
    yield "python", python, of_process(python=(3, 12, 4)), [("ok", "Python 3.12.4 on Linux", "")]
    yield "old python", python, of_process(python=(3, 10, 1)), [("fail", "3.10.1", "3.11 or newer")]
    yield "new python", python, of_process(python=(3, 15, 0)), [("warn", "newer than the last", "")]
    found: dict[str, Any] = {"aiohttp": ("3.13.4", "3.13.4"), "orjson": ("3.10.18", "3.10.18")}
    yield "packages", packages, of_process(packages=found), [("ok", "orjson 3.10.18", "")]
    old: dict[str, Any] = {"aiohttp": ("3.9.12", "3.13.4"), "orjson": ("3.11", "3.10.18")}
    yield "old package", packages, of_process(packages=old), [
        ("fail", "aiohttp 3.9.12 is older than 3.13.4", "pip install --upgrade 'aiohttp>=3.13.4'"),
    ]
    yield "no package", packages, of_process(packages={"orjson": (None, "3.10")}), [
        ("fail", "not installed: orjson", "pip install orjson"),
    ]
    yield "native", core, of_process(core="native"), [("ok", "native", "")]
    yield "no native", core, of_process(core="Python (no compiler)"), [
        ("warn", "Python (no compiler): rows are recorded as exactly", "make native"),
    ]
    yield "descriptors", limits, of_process(open_files=1024), [("ok", "1,024 open files", "")]
    yield "few descriptors", limits, of_process(open_files=64), [
        ("warn", "64 open files allowed, and max_in_flight=16 needs about 80", "ulimit -n 1024"),
    ]
    yield "memory", limits, of_process(memory_limit=512 * MIB), [("ok", "512 MiB, the", "")]
    yield "little memory", limits, of_process(memory_limit=100 * MIB), [
        ("warn", "has 100 MiB, the pipeline may use 64 MiB", f'MEMORY_BYTES={50 * MIB}'),
    ]
    yield "variables", variables, of_options(), [("ok", "none is misspelled", "")]
    yield "near", variables, of_options(near={"AIOCOLLECT_STROE": "AIOCOLLECT_STORE"}), [
        ("fail", "AIOCOLLECT_STROE is not a variable of",
         "rename it to AIOCOLLECT_STORE, or unset"),
    ]
    yield "alike", variables, of_options(alike={"AIOCOLECT_LINGR": "AIOCOLLECT_LINGER"}), [
        ("warn", "AIOCOLECT_LINGR is ignored, and looks", "rename it to AIOCOLLECT_LINGER"),
    ]
    yield "foreign", variables, of_options(foreign=("AIOCOLLECT_FOO",)), [
        ("warn", "AIOCOLLECT_FOO is not a variable", "unset AIOCOLLECT_FOO"),
    ]
    linger = OptionFact("linger", "0.5", "AIOCOLLECT_LINGER")
    yield "sources", options, of_options(options=(linger,)), [
        ("ok", "linger=0.5 (from AIOCOLLECT_LINGER)", ""),
        ("ok", "all others", ""),
    ]
    yield "problem", options, of_options(problem="linger must be above 0; use 2.0"), [
        ("fail", "linger must be above 0", "use 2.0"),
    ]
    given = of_options(problem="linger=-1.0 must be at least 0", options=(linger,))
    yield "problem without a remedy", options, given, [
        ("fail", "linger=-1.0 must be at least 0", "correct AIOCOLLECT_LINGER; the options are in"),
        ("ok", "linger=0.5", ""),
    ]
    cut = "it is incomplete. A shell cuts it at the first ; unless it is in quotes"
    yield "a semicolon that is meant", options, of_options(problem=cut), [
        ("fail", "it is incomplete", "A shell cuts it at the first ; unless it is in quotes"),
    ]
    yield "told by near", options, (
        of_options(near={"A": "B"}, problem="unknown; did you mean B?")
    ), [
    ]
    yield "on", switch, of_options(), [("ok", "recording is on", "")]
    off = OptionFact("enabled", "false", "AIOCOLLECT_ENABLED")
    yield "off", switch, of_options(enabled=False, options=(off,)), [
        ("fail", "recording is switched off (from AIOCOLLECT_ENABLED)", "unset AIOCOLLECT_ENABLED"),
    ]
    off = OptionFact("enabled", "false", "settings file")
    yield "off by file", switch, of_options(enabled=False, options=(off,)), [
        ("fail", "(from settings file)", "aiocollect enable --settings FILE"),
    ]
    file = OptionFact("settings_file", "/etc/s.json", "AIOCOLLECT_SETTINGS_FILE")
    yield "off by a file", switch, of_options(enabled=False, options=(file, off)), [
        ("fail", "(from settings file)", "aiocollect enable --settings /etc/s.json"),
    ]
    yield "one off", switch, of_options(switched_off=("churn/10",)), [
        ("warn", "switches churn/10 off", "aiocollect enable churn/10"),
    ]
    yield "no paths", paths, Facts(), []
    yield "spool", paths, of_path("spool", free=5 * 2 ** 30), [("ok", "writable, 5.0 GiB free", "")]
    yield "spool to be", paths, of_path("spool", exists="", above="/var"), [
        ("ok", "does not exist yet, and can be created", ""),
    ]
    yield "spool cannot be", paths, of_path("spool", exists="", above="/var", writable=False), [
        ("fail", "may not create it in /var", "sudo install -d -m 700 -o $(id -un) /var/spool/x"),
    ]
    yield "others write", paths, of_path("spool", by_others=True), [
        ("fail", "other users may write to it", "such as /var/spool/x/aiocollect; or, if"),
    ]
    yield "other owner", paths, of_path("spool", owner=0), [
        ("fail", "belongs to user 0, and this process runs as 1000", "sudo chown -R 1000"),
    ]
    yield "spool is a link", paths, of_path("spool", exists="link"), [
        ("fail", "is a link", "readlink -f /var/spool/x"),
    ]
    yield "spool is a file", paths, of_path("spool", exists="file"), [
        ("fail", "is not a directory", "ls -ld /var/spool/x"),
    ]
    yield "read-only", paths, of_path("spool", writable=False), [
        ("fail", "this user may not write to it", "mount it writable"),
    ]
    yield "disk hangs", paths, of_path("spool", code="DiskTimeout"), [
        ("fail", "did not answer in time", "findmnt -T /var/spool/x"),
    ]
    yield "disk broken", paths, of_path("spool", code="EIO"), [("fail", "I/O error", "dmesg")]
    yield "little space", paths, of_path("spool", free=100 * MIB), [
        ("warn", "100 MiB free, and it may need 1.0 GiB", "df -h"),
        ("ok", "100 MiB free", ""),
    ]
    yield "network disk", paths, of_path("spool", filesystem="nfs4"), [
        ("warn", "a network file system (nfs4)", "a local disk"),
        ("ok", "writable", ""),
    ]
    yield "no files there", paths, of_path("status", filesystem="proc", free=0), [
        ("fail", "holds no files (proc)", "use a directory on a disk"),
    ]
    yield "spool in memory", paths, of_path("spool", filesystem="tmpfs"), [
        ("warn", "in memory: rows in it are lost", "a mounted volume"),
        ("ok", "writable", ""),
    ]
    yield "rows left", paths, of_path("spool", left=2, running=1), [
        ("warn", "rows of 2 ended processes", "aiocollect replay /var/spool/x"),
        ("ok", "1 running processes use it", ""),
        ("ok", "writable", ""),
    ]
    yield "root's rows", paths, of_path("spool", unreadable=("0123456789-1",)), [
        ("warn", "/0123456789-1 cannot be opened", "sudo chown -R 1000 /var/spool/x/0123456789-1"),
        ("ok", "writable", ""),
    ]
    yield "damaged", paths, of_path("spool", corrupt=3), [
        ("warn", "3 pieces that could not be read", "dmesg"),
        ("ok", "writable", ""),
    ]
    yield "status", paths, of_path("status", entries=4), [("ok", "4 processes show", "")]
    yield "settings", paths, of_path("settings_file", exists="file", writable=False), [
        ("ok", "/var/spool/x", ""),
    ]
    yield "no settings", paths, of_path("settings_file", exists="", above="/var"), [
        ("ok", "does not exist yet: nothing is switched", ""),
    ]
    yield "bad settings", paths, of_path("settings_file", exists="file", problem="not JSON"), [
        ("fail", "not JSON", "correct it, or remove it: /var/spool/x"),
    ]
    yield "dead letters to a pipe", paths, of_path("dead_letters", exists="other"), [
        ("fail", "is not a file", "use another path"),
    ]
    way = [
        ("ok", "acme.blob.core.windows.net is 20.60.1.2", ""),
        ("ok", "acme.blob.core.windows.net:443 answers in 20 ms", ""),
        ("ok", "issued by Microsoft Corporation, valid for 120 days", ""),
        ("ok", "a blob service answers (Windows-Azure-Blob/1.0)", ""),
    ]
    yield "network", network, of_network(), [*way, ("ok", "within 1 s of the service's", "")]
    yield "offline", network, Facts(store=AZURE, offline=True), [("skip", "--offline", "")]
    yield "no network", network, Facts(store=StoreFacts(kind="directory")), []
    no_name = Step("unknown", "DnsFailure")
    yield "no name", network, of_network(name=no_name, addresses=(), connection=None), [
        ("fail", "cannot be resolved", "getent hosts acme.blob.core.windows.net"),
    ]
    yield "no such account", network, of_network(name=no_name, addresses=(), connection=None), [
        ("fail", "cannot be resolved", "az storage account show --name acme"),
    ]
    yield "no proxy there", network, of_network(
        proxy=True, connection=Step("unknown", "ConnectionRefused")
    ), [
        ("ok", "through the proxy", ""), way[0],
        ("fail", "nothing listens", "check host and port in AIOCOLLECT_PROXY"),
    ]
    refused = Step("unknown", "ConnectionRefused")
    yield "behind a proxy", network, (
        of_network(connection=refused, proxy_variables=("HTTPS_PROXY",))
    ), [
        ("ok", "HTTPS_PROXY is ignored, only AIOCOLLECT_PROXY counts", ""),
        way[0],
        ("fail", "nothing listens", "export AIOCOLLECT_PROXY=\"$HTTPS_PROXY\""),
    ]
    yield "proxy", network, of_network(proxy=True, proxy_variables=("HTTPS_PROXY",), tls=None), [
        ("ok", "through the proxy", ""),
        way[0],
        way[1],
        way[3],
        ("ok", "within", ""),
    ]
    yield "private endpoint", network, of_network(addresses=("10.0.0.4",), private=True), [
        ("ok", "10.0.0.4 (a private address)", ""),
        *way[1:],
        ("ok", "within", ""),
    ]
    yield "certificate", network, of_network(tls=Step("unknown", "TlsVerify")), [
        *way[:2],
        ("fail", "certificate is not trusted", "AIOCOLLECT_CA_FILE=/etc"),
    ]
    late = Step("late", "ReadTimeout")
    yield "no answer", network, of_network(answer=late), [
        *way[:3],
        ("fail", "takes connections, and does not answer", "firewalls and proxies in between"),
    ]
    yield "no TLS", network, of_network(tls=Step("late", "TlsFailure")), [
        *way[:2],
        ("fail", "does not answer", "openssl s_client -connect acme.blob.core.windows.net:443"),
    ]
    yield "certificate ends", network, of_network(certificate_days=2.0), [
        *way[:2],
        ("warn", "valid for 2 days", "renewed"),
        way[3],
        ("ok", "within", ""),
    ]
    yield "captive portal", network, of_network(is_service=False, server="nginx"), [
        *way[:3],
        ("fail", "something else answers at acme.blob.core.windows.net:443 (nginx)",
         "proxies in between"),
    ]
    yield "clock ahead", network, of_network(skew=90.0), [
        *way,
        ("warn", "clock is 90 s ahead of the service's", "timedatectl set-ntp true"),
    ]
    yield "clock wrong", network, of_network(skew=-1200.0), [
        *way,
        ("fail", "clock is 20 minutes behind the service's", "refuses keys and SAS"),
    ]
# fmt: on
