"""The emulator, for the scenarios that need it; and Ctrl-C, which some of them press."""

from __future__ import annotations

import signal

from tests.azurite.conftest import azurite as azurite

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job ignores Ctrl-C, and each process that it starts would, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
