"""Read a day through Spark, in two local workers; prints what was found, as JSON.

python read_day.py DIRECTORY
"""

from __future__ import annotations

import json
import os
import sys

os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

import aiocollect


def main(directory: str) -> None:
    """Read it all, joined."""
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    dataset = aiocollect.read(directory, "day", start="2026-03-01", end="2026-03-02")
    frame = dataset.to_spark(session, target_bytes=4 << 20)
    (total,) = frame.agg(
        f.count("*").alias("rows"),
        f.sum("n").alias("n"),
        f.sum(f.col("p") * 4).cast("long").alias("quarters"),
        f.sum((f.col("plan") == 'line\nbreak "quoted"').cast("int")).alias("breaks"),
        f.sum((f.col("p") * 4 == f.col("n")).cast("int")).alias("right"),
    ).collect()
    said = {
        "partitions": frame.rdd.getNumPartitions(),
        "splits": len(dataset.splits(4 << 20)),
        "types": dict(frame.dtypes),
        "few": frame.filter("n < 3").count(),
    }
    print(json.dumps(total.asDict() | said))
    session.stop()


if __name__ == "__main__":
    main(sys.argv[1])
