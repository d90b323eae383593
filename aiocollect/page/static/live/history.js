// What the processes have counted over the last minutes, and what follows from it.

import { sum } from "../shared/dom.js";

export const SPAN = 300; // seconds that are remembered
const STALE = 5; // seconds after which a process that is silent has been killed, or hangs

const history = new Map(); // by process: points {at, accepted, stored, used, latency, lost}
let asked = { now: 0, latency_bounds: [] }; // the latest answer

const reasons = (counts) => sum(Object.values(counts));
export const lostOf = (stats) => reasons(stats.dropped) + reasons(stats.dead_lettered);
export const refusedOf = (stats) => reasons(stats.refused);

export const pointsOf = (one) => history.get(one.writer) || [];
// One that has closed has said all it had to say.
export const silent = (one) => !one.closed && old(one);
const old = (one) => asked.now - one.at > STALE;
export const noCounts = () => asked.latency_bounds.concat(0).map(() => 0);

export function remember(answer) {
  asked = answer;
  answer.processes.forEach(add);
  const there = new Set(answer.processes.map((one) => one.writer));
  for (const [writer, points] of history) {
    const last = points[points.length - 1];
    if (!there.has(writer) && last.at < answer.now - SPAN) history.delete(writer);
  }
}

// One process as a point of its history.
function pointOf(one) {
  const s = one.stats;
  const perStream = new Map(one.streams.map((t) => [t.path + "\n" + t.stream, t.stored]));
  return {
    at: one.at, accepted: s.accepted, stored: s.stored, used: s.budget_used, lost: lostOf(s),
    latency: s.append_latency.counts, streams: perStream,
  };
}

function add(one) {
  let points = history.get(one.writer);
  if (!points) history.set(one.writer, (points = []));
  const last = points[points.length - 1];
  if (last && last.at === one.at) return;
  if (last && last.accepted > one.stats.accepted) points.length = 0; // it has started again
  points.push(pointOf(one));
  while (points.length > 2 && points[0].at < one.at - SPAN - 5) points.shift();
}

// The rate between its last two points; 0 for one that has ended or is silent.
export function rateOf(one, read) {
  const points = pointsOf(one);
  if (points.length < 2 || one.closed || old(one)) return 0;
  const [before, now] = points.slice(-2);
  return Math.max(0, (read(now) - read(before)) / (now.at - before.at));
}

// In how many seconds a share of the appends was answered; counts by classes whose bounds double.
export function quantile(counts, share) {
  const wanted = share * sum(counts);
  if (!wanted) return null;
  let below = 0, lower = 0;
  for (let k = 0; k < asked.latency_bounds.length; k++) {
    const upper = asked.latency_bounds[k];
    if (below + counts[k] >= wanted) return lower + ((upper - lower) * (wanted - below)) / counts[k];
    below += counts[k];
    lower = upper;
  }
  return lower;
}

export function since(points, seconds) {
  const now = points[points.length - 1];
  const before = points.find((one) => one.at >= now.at - seconds) || now;
  return { now, before };
}

// The appends of the last seconds of all shown processes, by classes.
export function lateLatency(shown, seconds) {
  const counts = noCounts();
  for (const one of shown) {
    const points = pointsOf(one);
    if (points.length < 2) continue;
    const { now, before } = since(points, seconds);
    now.latency.forEach((count, k) => { counts[k] += count - before.latency[k]; });
  }
  return counts;
}
