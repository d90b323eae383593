"""``aiocollect doctor``: what keeps rows from being stored, and the command that repairs it.

Facts are gathered first, with a limit for each step; then checks, which are pure functions, judge
them. From a program::

    diagnosis = await aiocollect.doctor.examine("azure://account/modeldata")
    print(*diagnosis.lines(), sep="\\n")

Nothing that is said holds a secret or a cell. What is written is deleted again, or named.
"""

from .._public import publish
from .diagnosis import CheckResult, Diagnosis, Group, State
from .run import examine

__all__ = ["CheckResult", "Diagnosis", "Group", "State", "examine"]

publish(__name__, Diagnosis, CheckResult, examine)
