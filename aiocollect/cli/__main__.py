"""``python -m aiocollect.cli`` is ``aiocollect``."""

from .main import main

raise SystemExit(main())
