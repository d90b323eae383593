// Three lines over the last five minutes, drawn by uPlot (a global of vendor/uPlot.iife.min.js).

import { at, clock } from "../shared/dom.js";
import { SPAN, noCounts, pointsOf, quantile } from "./history.js";

const IDS = ["rows-line", "budget-line", "latency-line"];
const HEIGHT = 150;
let charts = null;

const widthOf = (id) => Math.max(240, at(id).clientWidth);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function chart(id, series) {
  const axis = { stroke: colour("--faint"), grid: { stroke: colour("--grid"), width: 1 }, ticks: { show: false } };
  return new uPlot({
    width: widthOf(id), height: HEIGHT, cursor: { y: false }, legend: { show: false },
    scales: { x: { time: true }, y: { range: (_, low, high) => [0, Math.max(high * 1.1, 1)] } },
    axes: [
      { ...axis, size: 28, space: 70, values: (_, ticks) => ticks.map(clock) },
      { ...axis, size: 52, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString("en")) },
    ],
    series: [{}, ...series.map((name) => ({ stroke: colour(name), width: 2, points: { show: false } }))],
  }, [[], ...series.map(() => [])], at(id));
}

// Anew, since their colours are those of the moment: light or dark.
export function makeCharts() {
  for (const one of charts || []) one.destroy();
  charts = [
    chart(IDS[0], ["--memory", "--stored"]),
    chart(IDS[1], ["--spool"]),
    chart(IDS[2], ["--memory", "--possibly"]),
  ];
}

export function fitCharts() {
  if (charts) IDS.forEach((id, k) => charts[k].setSize({ width: widthOf(id), height: HEIGHT }));
}

// Each process by itself, second by second; then added up.
export function showLines(shown, now) {
  const end = Math.floor(now);
  const times = [], accepted = [], stored = [], used = [], middle = [], late = [];
  const tracks = shown.map(pointsOf);
  const first = Math.min(end, ...tracks.filter((points) => points.length).map((points) => Math.floor(points[0].at)));
  const places = tracks.map(() => 0);
  for (let time = Math.max(first, end - SPAN) + 1; time <= end; time++) {
    let a = 0, s = 0, u = 0, seen = false;
    const counts = noCounts();
    tracks.forEach((points, k) => {
      while (places[k] + 1 < points.length && points[places[k] + 1].at <= time + 0.5) places[k]++;
      const point = points[places[k]], before = points[places[k] - 1];
      if (!point || !before || point.at > time + 0.5 || point.at < time - 2) return;
      seen = true;
      a += (point.accepted - before.accepted) / (point.at - before.at);
      s += (point.stored - before.stored) / (point.at - before.at);
      u += point.used / 2 ** 20;
      point.latency.forEach((count, class_) => { counts[class_] += count - before.latency[class_]; });
    });
    const of = (share) => { const found = quantile(counts, share); return found === null ? null : found * 1000; };
    times.push(time);
    accepted.push(seen ? a : null);
    stored.push(seen ? s : null);
    used.push(seen ? u : null);
    middle.push(of(0.5));
    late.push(of(0.99));
  }
  if (!charts) makeCharts();
  charts[0].setData([times, accepted, stored]);
  charts[1].setData([times, used]);
  charts[2].setData([times, middle, late]);
}
