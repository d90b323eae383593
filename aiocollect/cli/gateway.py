"""``aiocollect gateway``: runs the gateway as a process, on uvloop, until SIGTERM or SIGINT.

stdout says where it listens, and at the end what became of all rows. The exit code is 0 if all of
them are stored or in the spool, else 1.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict

from aiocollect import __version__
from aiocollect._threads.loops import run
from aiocollect.cli.serving import cannot_listen, in_address, stop_signal
from aiocollect.gateway import Gateway, GatewayOptions
from aiocollect.stats import CORE

__all__ = ["run_gateway"]

logger = logging.getLogger("aiocollect")


def run_gateway(store: str | None, options: GatewayOptions, *, as_json: bool = False) -> int:
    """Run until a signal ends it; returns the exit code. Raises ConfigError."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logger.setLevel(logging.INFO)
    return run(_serve(store, options, as_json))


async def _serve(store: str | None, options: GatewayOptions, as_json: bool) -> int:
    stop = stop_signal()
    gateway = Gateway(store, options=options)
    try:
        await gateway.start()
    except OSError as error:
        await gateway.stop()
        raise cannot_listen(options.host, options.port, error) from None
    address = f"http://{in_address(options.host)}:{gateway.port}"
    print(json.dumps({"listening": address}) if as_json else f"listening on {address}", flush=True)
    logger.info("aiocollect %s, core: %s", __version__, CORE)
    await stop.wait()
    report = await gateway.stop()
    print(json.dumps(asdict(report)) if as_json else report, flush=True)
    return 0 if report.stored + report.in_spool == report.accepted else 1
