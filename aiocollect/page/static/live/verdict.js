// The one sentence above all figures: the first that is true, the worst ones first.

import { sum } from "../shared/dom.js";
import { pointsOf, silent, since } from "./history.js";

const LATELY = 60; // for so many seconds a loss makes the verdict

// Words, and how bad it is.
export function verdictOf(shown, unreadable) {
  if (!shown.length) return unreadable ? ["no status file can be read", "bad"] : ["no process writes here", "warn"];
  const streams = shown.flatMap((one) => one.streams);
  const held = streams.filter((one) => one.state === "held").length;
  const elsewhere = shown.flatMap((one) => Object.keys(one.stats.held)).filter((name) => !name.includes("/")).length;
  if (held + elsewhere) return [`${held + elsewhere} held: needs you`, "bad"];
  const gone = shown.filter(silent);
  if (gone.length) return [`${gone.length === 1 ? `process ${gone[0].pid} is` : `${gone.length} processes are`} silent`, "bad"];
  if (shown.some(losing)) return ["rows are being lost", "bad"];
  if (streams.some((one) => one.state === "retrying" && one.code)) return ["the store gives no answer: rows wait", "warn"];
  if (shown.every((one) => one.closed)) return ["closed", "warn"];
  if (!shown.every((one) => one.healthy || one.closed)) return ["rows wait longer than they should", "warn"];
  const rates = shown.flatMap((one) => Object.values(one.stats.sample_rates));
  if (rates.length && rates.every((rate) => rate === 0)) return ["recording is switched off", "warn"];
  if (!sum(shown.map((one) => one.stats.accepted))) return ["on, and no rows have come yet", "good"];
  return ["rows find their way", "good"];
}

function losing(one) {
  const points = pointsOf(one);
  if (points.length < 2) return false;
  const { now, before } = since(points, LATELY);
  return now.lost > before.lost;
}
