// The calculator of how-to/sizing.md. A test runs size() in node and compares it with the page's
// table, whose formulas it has too. Nothing is fetched, and nothing leaves the page.
"use strict";

const MIB = 2 ** 20;
const DAY = 86400;
// What follows the cells in CSV: id, time, row, commas and the end of the line.
const METADATA = 67;
// Of one blob, before the next part begins: limits.max_blocks.
const BLOCKS = 49000;

/** rows a second of one stream in all processes, bytes of the cells of a row, processes, round trip
 *  in ms, linger and outage in seconds. */
function size({ rows, cells, writers, trip, linger, outage }) {
  const bytes = cells + METADATA;
  const each = (rows * bytes) / writers;
  const blockBytes = each * linger;
  const batches = Math.max(1, Math.ceil(blockBytes / MIB));
  const blocks = (Math.min(rows / writers, batches / linger) * DAY);
  const contention = (writers * trip) / 1000 / linger;
  return {
    bytesADay: rows * bytes * DAY,
    blockBytes: Math.min(blockBytes, MIB),
    blocksADay: Math.round(blocks),
    parts: Math.ceil((blocks * (contention > 0.2 ? 1 : writers)) / BLOCKS),
    contention,
    writer: contention > 0.2 ? "own" : "shared",
    memory: Math.max(64 * MIB, Math.ceil((each * outage * 1.25) / MIB) * MIB),
    spool: Math.ceil((each * outage * 2) / MIB) * MIB,
  };
}

function human(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; bytes >= 1024 && unit < units.length - 1; unit++) bytes /= 1024;
  return `${bytes >= 100 || unit === 0 ? Math.round(bytes) : bytes.toFixed(1)} ${units[unit]}`;
}

if (typeof document === "undefined") {
  module.exports = { size, human };
} else {
  document.addEventListener("DOMContentLoaded", () => {
    const form = document.getElementById("sizing");
    if (!form) return;
    const show = () => {
      const given = Object.fromEntries([...new FormData(form)].map(([name, text]) => [name, Number(text)]));
      const sound = Object.values(given).every((number) => number > 0);
      const found = sound ? size(given) : null;
      for (const output of form.querySelectorAll("output")) {
        const value = found?.[output.name];
        output.textContent =
          value === undefined ? "–"
          : ["bytesADay", "blockBytes", "memory", "spool"].includes(output.name) ? human(value)
          : output.name === "contention" ? value.toFixed(2)
          : typeof value === "number" ? value.toLocaleString("en") : `"${value}"`;
      }
    };
    form.addEventListener("input", show);
    show();
  });
}
