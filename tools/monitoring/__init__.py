"""Alert rules and a Grafana dashboard, from the table of metrics (aiocollect/metrics.py) and the
gateway's own: ``python -m tools.monitoring`` writes deploy/monitoring.

A name that is in no table is an error here, and a metric that no panel names has a panel all the
same. tests/house/test_monitoring.py says so if the files are not what this writes.
"""
