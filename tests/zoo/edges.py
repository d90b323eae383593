"""Bugs at the edges: gateway, options, settings file, command line."""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["EDGES"]

EDGES: Final[list[Mutant]] = [
    Mutant(
        "a text that is no address becomes a directory",
        "own: env files keep the quotes",
        "_validation/addresses.py",
        '    raise ConfigError(f"{option}{_shown(text)} {_relative(text)}; use one of: {FORMS}")\n',
        '    return Address("directory", text)\n',
        ("mistakes",),
        "the process goes on",
    ),
    Mutant(
        "quotes, variables and words are not looked for",
        "own: ./${STORAGE} begins like a path",
        "_validation/addresses.py",
        "    mistake = mistake_in(text)\n    if mistake is not None:\n"
        '        raise ConfigError(f"{option} {mistake}; use one of: {FORMS}")\n'
        "    if _is_key(text):\n",
        "    if _is_key(text):\n",
        ("mistakes",),
        "the process goes on",
    ),
    Mutant(
        "service links of Kubernetes are taken for options",
        "own: a service named aiocollect",
        "_validation/variables.py",
        "        elif not variable.startswith(others) and not (ours and "
        "_is_of_a_service(name, text)):\n",
        "        elif not variable.startswith(others):\n",
        ("mistakes",),
        "assert",
    ),
    Mutant(
        "a misspelled variable is passed over",
        "own: AIOCOLLECT_LINGRE=0.5, and the linger stays 2",
        "_validation/variables.py",
        "            if meant is not None:\n",
        "            if False:\n",
        ("mistakes",),
        "the process goes on",
    ),
    Mutant(
        "a pipe in the place of a file is opened",
        "own: open() of a pipe waits for a writer",
        "_files/regular.py",
        "    _check_regular(os.stat(path))\n    descriptor = os.open(path, os.O_RDONLY | _SAFE)\n",
        "    descriptor = os.open(path, os.O_RDONLY)\n",
        ("mistakes",),
        "it is a pipe",
    ),
    Mutant(
        "dead letters follow a link",
        "own: somebody's link in a directory for all",
        "_files/regular.py",
        "    check_appendable(path)\n"
        "    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _SAFE | _NO_LINKS\n",
        "    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _SAFE\n",
        ("mistakes",),
        "keep me",
    ),
    Mutant(
        "a settings file of any size is read",
        "own: the loop was held for 2 s by 15 MB",
        "_files/regular.py",
        "        if found.st_size > most:\n            raise _too_large(most)\n"
        "        pieces = []\n        left = most + 1\n",
        "        pieces = []\n        left = 2**26\n",
        ("mistakes",),
        "larger than",
    ),
    Mutant(
        "JSON is taken by the letter of its RFC",
        "libhoney-py#163: senders write NaN",
        "encoders/json_text.py",
        "        try:\n            _checker.decode(data.decode())\n"
        "        except (ValueError, RecursionError):\n            return False\n",
        "        return False\n",
        ("as sent",),
        "assert 400 == 200",
    ),
    Mutant(
        "a number beyond doubles becomes infinite",
        "own: 1e999 is stored as inf",
        "gateway/texts.py",
        "    if math.isinf(found) or (not found",
        "    if (not found",
        ("as sent",),
        "1E+999",
    ),
    Mutant(
        "a byte order mark is no JSON",
        "PowerShell and .NET write one",
        "gateway/texts.py",
        "    body = body.removeprefix(_MARK)\n    _check_depth(body, depth, field)\n    value: Any",
        "    _check_depth(body, depth, field)\n    value: Any",
        ("as sent",),
        "assert 400 == 202",
    ),
    Mutant(
        "what is refused is not logged",
        "own: KServe sends no event twice",
        "gateway/app.py",
        "        self._refusals.note(route, problem)\n",
        "",
        ("refusals",),
        "not enough values to unpack",
    ),
    Mutant(
        "brackets are taken away pair by pair",
        "own: a megabyte of brackets held the loop for 19 s",
        "gateway/texts.py",
        "    for _ in range(depth):\n        shorter",
        "    for _ in range(1000 * depth):\n        shorter",
        ("hostile bodies",),
        "assert",
    ),
    Mutant(
        "an open quote is looked for again at each quote",
        "own: a string without an end, of escaped quotes",
        "gateway/texts.py",
        """(rb'"(?:[^"\\\\]++|\\\\.)*+"?', re.DOTALL)""",
        """(rb'"(?:[^"\\\\]++|\\\\.)*+"', re.DOTALL)""",
        ("hostile bodies",),
        "hangs",
    ),
    Mutant(
        "a stream counts before its first record",
        "own: a thousand shapes on one path, and no new model until a restart",
        "gateway/streams.py",
        "            stream = make()\n",
        "            stream = make()\n            self._known[key] = (stream, now)\n",
        ("shapes",),
        "assert",
    ),
    Mutant(
        "uvloop's transports are taken for none",
        "own: the 1,001st connection hears nothing",
        "gateway/guard.py",
        "        self._transport = transport\n        transport.write(TOO_MANY)\n",
        "        self._transport = transport\n"
        "        if not isinstance(transport, asyncio.WriteTransport):\n"
        "            transport.close()\n            return\n"
        "        transport.write(TOO_MANY)\n",
        ("connections",),
        "startswith",
    ),
    Mutant(
        "what aiohttp refuses is answered by aiohttp",
        "own: its answer shows the line with the token",
        "gateway/handler.py",
        "        response = answer(problem)\n        response.force_close()\n"
        "        return response\n",
        "        return super().handle_error(request, status, exc, message)\n",
        ("unreadable",),
        "AssertionError",
    ),
    Mutant(
        "whoever writes headers chooses the day",
        "own: 20,002 blobs of the years 1970 to 9892 in 9 s",
        "integrations/headers.py",
        "carries_day=trust_ids)",
        "carries_day=True)",
        ("ids from outside",),
        "assert",
    ),
    Mutant(
        "a sender of the gateway's chooses the day",
        "own: the same through its correlation_id",
        "gateway/streams.py",
        "carries_day=self._options.trust_ids)",
        "carries_day=True)",
        ("ids from outside",),
        "assert",
    ),
    Mutant(
        "a series begins with its first event",
        "own: increase() misses the first",
        "metrics.py",
        "        lambda seen: {**begin, **read(seen.stats)},\n",
        "        lambda seen: read(seen.stats),\n",
        ("series",),
        "assert",
    ),
    Mutant(
        "of data and data_base64 the later one is stored",
        "own: CloudEvents' case invalidBothDataAndDataBase64 was answered with 200",
        "gateway/events.py",
        '    if encoded is not None and payload != "null":\n',
        "    if False:\n",
        ("others' events",),
        "invalidBothDataAndDataBase64",
    ),
    Mutant(
        "a Content-Type loses its parameters",
        "own: a charset was lost, and with it what the stored bytes mean",
        "gateway/app.py",
        '            given = request.headers.get("Content-Type") or kind\n',
        "            given = kind\n",
        ("others' events",),
        "charset=us-ascii",
    ),
    Mutant(
        "an empty block becomes a block",
        "own: the directory counted it, the service refuses it",
        "stores/local/store.py",
        "        if not data:\n",
        "        if False:\n",
        ("others' appends",),
        "EmptyBlock is due",
    ),
]
