"""Write deploy/monitoring."""

from __future__ import annotations

from pathlib import Path

from tools.monitoring.alerts import rules_file
from tools.monitoring.dashboard import dashboard_file

FOLDER = Path(__file__).parents[2] / "deploy" / "monitoring"

if __name__ == "__main__":
    for name, text in (("alerts.yaml", rules_file()), ("grafana.json", dashboard_file())):
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(FOLDER / name)
