"""Bugs of the Azure store: what an answer means, and whose it is; where tokens come from."""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["ANSWERS"]

ANSWERS: Final = [
    Mutant(
        "a refusal of a request taken for the blob's end",
        "azure-storage-python#356, azure-sdk-for-net#18033",  # 400 to everything in a roll-out
        "stores/azure/errors.py",
        "    return _SIGNED.get(status, _refused(Refusal.INVALID))\n",
        "    return _SIGNED.get(status, _as(BlobFull))\n",
        ("each answer",),
        "AssertionError",
    ),
    Mutant(
        "what the service invents later decides nothing",
        "own: tried for ever without an alarm",
        "stores/azure/errors.py",
        "    return _SIGNED.get(status, _refused(Refusal.INVALID))\n",
        "    return _SIGNED.get(status, _as(OutcomeUnknown))\n",
        ("each answer",),
        "AssertionError",
    ),
    Mutant(
        "immutable taken for full",
        "azure-docs#111147",  # an empty, locked blob and a request each, without end
        "stores/azure/errors.py",
        "_refused(Refusal.IMMUTABLE)),",
        "_as(BlobFull)),",
        ("operators",),
        "Error",
    ),
    Mutant(
        "a container that is missing for a moment",
        "own: taken for a blob that is gone, in doubt, and sent to the next part",
        "stores/azure/store.py",
        "        if await self._make_container() and not again:\n",
        "        await self._make_container()\n        if not again:\n",
        ("each answer",),
        "AssertionError",
    ),
    Mutant(
        "the request's id is not looked for in the answer",
        "own: a middlebox mixes up two answers",
        "stores/azure/wire.py",
        "        if repeated is not None and repeated != request.headers.get(REQUEST_ID):\n",
        "        if repeated is not None and not request.headers.get(REQUEST_ID):\n",
        ("mixed-up answers",),
        "DID NOT RAISE",
    ),
    Mutant(
        "a success without the request's id is believed",
        "own: a middlebox answers in the service's place",
        "stores/azure/wire.py",
        "            elif kind in self._repeats:\n",
        "            elif kind in ():\n",
        ("mixed-up answers",),
        "DID NOT RAISE",
    ),
    Mutant(
        "a range of another place is believed",
        "own: bytes of another place compared with ours",
        "stores/azure/wire.py",
        "    return first == begin and last + 1 == end\n",
        "    return last - first == end - begin - 1\n",
        ("mixed-up answers",),
        "DID NOT RAISE",
    ),
    Mutant(
        "no look is sent again",
        "aiohttp#7297",  # a front closes each kept-alive connection behind its answer
        "stores/azure/wire.py",
        '            if request.method in ("GET", "HEAD"):\n',
        '            if request.method in ("OPTIONS",):\n',
        ("mixed-up answers",),
        "were not stored",
    ),
    Mutant(
        "an append is sent again as a look is",
        "own: aiohttp sends a PUT twice by itself",
        "stores/azure/wire.py",
        '            if request.method in ("GET", "HEAD"):\n',
        '            if request.method in ("GET", "HEAD", "PUT"):\n',
        ("mixed-up answers",),
        "Error",
    ),
    Mutant(
        "a weakened ETag is sent on",
        "nginx ticket 1570",  # it never matches again
        "stores/azure/wire.py",
        '    return etag.removeprefix("W/")\n',
        "    return etag\n",
        ("mixed-up answers",),
        "ConditionNotMet",
    ),
    Mutant(
        "a token endpoint's answer taken for the store's",
        "azure-workload-identity#340",
        "stores/azure/tokens.py",
        "        except Exception as error:\n            return None, self._failed(_code(error))\n",
        "        except KeyError as error:\n            return None, self._failed(_code(error))\n",
        ("identities",),
        "Error",
    ),
    Mutant(
        "an identity's session is never closed",
        "own: a connection left behind by each life",
        "stores/azure/session.py",
        "            await self.tokens.aclose()\n",
        "            pass\n",
        ("identities left behind",),
        "Unclosed",
    ),
]
