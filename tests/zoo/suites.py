"""The suites that a mutant can be caught by. No unit test and no type checker is among them.

Two kinds: lives, which are numbered by seeds and run until the finding shows; and tests of pytest
that meet the emulator, the fault proxy or real processes.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["SUITES", "Suite"]


class Suite(NamedTuple):
    """``kind`` is what the table shows. ``target``: a module with ``live(seed)``, or a test."""

    kind: str
    target: str
    seeds: int = 0  # of lives; 0: a test of pytest


_AZURITE: Final = "tests/azurite"
_SERVICE: Final = "tests/service"
_HOSTILE: Final = "tests/gateway/test_hostile.py"

SUITES: Final[dict[str, Suite]] = {
    "lives": Suite("simulation", "tests.simulation.life", 500),
    "scenarios": Suite("simulation", "tests.simulation.scenarios", 540),
    "identical writers": Suite("simulation", "tests.simulation.identical_writers", 300),
    "replaced": Suite("simulation", "tests.simulation.replaced", 200),
    "crashes": Suite("simulation", "tests.simulation.crash_life", 600),
    "longer outages": Suite("simulation", "tests.simulation.longer_outages", 60),
    "exhaustion": Suite("simulation", "tests.simulation.exhaustion", 120),
    "interleavings": Suite("simulation", "tests.simulation.interleavings", 600),
    "lifespans": Suite("simulation", "tests.simulation.lifespans", 60),
    "standstill": Suite("simulation", "tests.simulation.standstill", 150),
    "bounded": Suite("simulation", "tests.simulation.bounded", 5),
    "hung paths": Suite("simulation", "tests.simulation.hung_paths", 20),
    "traced": Suite("simulation", "tests.simulation.traced", 4500),
    "hostile values": Suite("property", "tests/property/test_hostile_values.py"),
    "large values": Suite("property", "tests/property/test_large_values.py"),
    "doctor": Suite("service", f"{_SERVICE}/test_doctor.py"),
    "doctor at the emulator": Suite("azurite", f"{_AZURITE}/test_doctor.py"),
    "doctor's checks": Suite("unit", "tests/unit/doctor"),
    "reading": Suite("property", "tests/property/test_reading.py"),
    "reading joined": Suite("behaviour", "tests/behaviour/test_reading_joined.py"),
    "reading large": Suite("behaviour", "tests/behaviour/test_reading_large.py"),
    "reading parts": Suite("behaviour", "tests/behaviour/test_reading_parts.py"),
    "reading while written": Suite("behaviour", "tests/behaviour/test_reading.py"),
    "reading others": Suite("behaviour", "tests/behaviour/test_reading_others.py"),
    "following": Suite("behaviour", "tests/behaviour/test_following.py"),
    "followed": Suite("simulation", "tests.simulation.followed", 60),
    "closed loops": Suite("behaviour", "tests/behaviour/test_closed_loops.py"),
    "splits": Suite("behaviour", "tests/behaviour/test_splits.py"),
    "compaction": Suite("behaviour", "tests/behaviour/test_compaction.py"),
    "compaction lives": Suite("simulation", "tests/simulation/test_compaction.py"),
    "compacted lives": Suite("simulation", "tests.simulation.compactions", 100),
    "compacted days": Suite("behaviour", "tests/behaviour/test_following_compacted.py"),
    "delta": Suite("behaviour", "tests/behaviour/test_delta.py"),
    "sorting": Suite("unit", "tests/unit/compaction/test_sorting.py"),
    "declared types": Suite("behaviour", "tests/behaviour/test_declared_types.py"),
    "profile": Suite("behaviour", "tests/behaviour/test_profile.py"),
    "drift": Suite("unit", "tests/unit/reading/test_drift.py"),
    "copies": Suite("behaviour", "tests/page/test_copies.py"),
    "panel": Suite("behaviour", "tests/page/test_panel.py"),
    "demo script": Suite("behaviour", "tests/demo/test_script.py"),
    "demo faults": Suite("behaviour", "tests/demo/test_faults.py"),
    "data page": Suite("behaviour", "tests/page/test_data.py"),
    "fetch": Suite("unit", "tests/unit/reading/test_fetch.py"),
    "planted damages": Suite("unit", "tests/unit/reading/test_planted_damages.py"),
    "log": Suite("behaviour", "tests/behaviour/test_log.py"),
    "verified lives": Suite("simulation", "tests/simulation/test_verify.py"),
    "forms": Suite("property", "tests/property/test_forms.py"),
    "threads": Suite("behaviour", "tests/behaviour/test_threads.py"),
    "odd callers": Suite("behaviour", "tests/behaviour/test_odd_callers.py"),
    "both ways": Suite("property", "tests/property/test_both_ways.py"),
    "written text": Suite("property", "tests/property/test_native_text.py"),
    "blocks": Suite("property", "tests/property/test_lines.py"),
    "floats": Suite("native", "tests/native/test_floats.py"),
    "rings": Suite("native", "tests/native/test_rings.py"),
    "leaks": Suite("native", "tests/native/test_memory.py"),
    "forks": Suite("chaos", "tests.chaos.forks", 1000),
    "workers": Suite("chaos", "tests/chaos/test_workers.py"),
    "other frameworks": Suite("chaos", "tests/chaos/test_other_frameworks.py"),
    "spool lives": Suite("chaos", "tests/chaos/test_spool_living.py"),
    "no threads": Suite("process", "tests/chaos/test_no_threads_at_exit.py"),
    "exits": Suite("chaos", "tests/chaos/test_exit.py"),
    "other systems": Suite("process", "tests/chaos/test_other_systems.py"),
    "nobody closes": Suite("process", "tests/chaos/test_nobody_closes.py"),
    "names at exit": Suite("azurite", f"{_AZURITE}/test_exit.py"),
    "local kills": Suite(
        "chaos", "tests/chaos/test_local_kill.py::test_killed_before_each_system_call"
    ),
    "torn tails": Suite("chaos", "tests/chaos/test_local_kill.py::test_only_whole_appends_remain"),
    "each answer": Suite("stand-in", f"{_SERVICE}/test_answers.py"),
    "mixed-up answers": Suite("stand-in", f"{_SERVICE}/test_requests.py"),
    "operators": Suite("stand-in", f"{_SERVICE}/test_states.py"),
    "identities": Suite("stand-in", f"{_SERVICE}/test_identity.py"),
    "identities left behind": Suite(
        "stand-in",
        f"{_SERVICE}/test_identity.py::test_each_loop_and_process_has_a_credential_of_its_own",
    ),
    "mistakes": Suite("process", "tests/chaos/test_operators.py"),
    "others' events": Suite("server", "tests/peers/test_gateway.py"),
    "others' appends": Suite("store", "tests/peers/test_stores.py"),
    "as sent": Suite("server", "tests/gateway/test_as_sent.py"),
    "refusals": Suite("server", "tests/gateway/test_refusals.py"),
    "unreadable": Suite("server", f"{_HOSTILE}::test_what_cannot_be_read"),
    "hostile bodies": Suite("server", f"{_HOSTILE}::test_json_is_read_once"),
    "shapes": Suite("server", f"{_HOSTILE}::test_columns_made_of_data"),
    "connections": Suite("server", f"{_HOSTILE}::test_one_connection_too_many"),
    "ids from outside": Suite("server", "tests/integrations/test_ids_from_outside.py"),
    "series": Suite(
        "server", "tests/integrations/test_alerts.py::test_all_exporters_have_the_same_series"
    ),
    "late creation": Suite("proxy", f"{_AZURITE}/test_late_create.py"),
    "two loops": Suite("azurite", f"{_AZURITE}/test_sessions.py::test_two_open_loops"),
    "each fault": Suite("proxy", f"{_AZURITE}/test_each_fault.py"),
    "one attempt": Suite("proxy", f"{_AZURITE}/test_wire.py::test_one_attempt_whatever_happens"),
    "made anew": Suite(
        "proxy", f"{_AZURITE}/test_wire.py::test_a_late_request_misses_the_blob_made_anew"
    ),
}
