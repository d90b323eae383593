"""Benchmarks: ratios within one run, interleaved, since the machine drifts by more than ours."""
