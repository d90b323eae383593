// The live page. It asks for status.json once a second, as long as it can be seen, and shows what is
// in it; all texts are set as text, never as markup.

const EVERY = 1000; // milliseconds between two questions
const SPAN = 300; // seconds that the lines show
const STALE = 5; // seconds after which a process that is silent has been killed, or hangs
const LATELY = 60; // for so many seconds a loss makes the verdict

const at = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const few = (value) => (value === null || value === undefined ? "-" : number.format(value));
const sum = (values) => values.reduce((all, one) => all + one, 0);
const reasons = (counts) => sum(Object.values(counts));

const history = new Map(); // by process: points {at, accepted, stored, used, latency, lost}
let asked = null; // the latest answer
let chosen = ""; // writer of the process that is shown; "": all together

// What the figures say --------------------------------------------------------------------------------

function lostOf(stats) {
  return reasons(stats.dropped) + reasons(stats.dead_lettered);
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

function remember(one) {
  let points = history.get(one.writer);
  if (!points) history.set(one.writer, (points = []));
  const last = points[points.length - 1];
  if (last && last.at === one.at) return;
  if (last && last.accepted > one.stats.accepted) points.length = 0; // it has started again
  points.push(pointOf(one));
  while (points.length > 2 && points[0].at < one.at - SPAN - 5) points.shift();
}

// The rate between its last two points; 0 for one that is silent.
function rateOf(one, read) {
  const points = history.get(one.writer) || [];
  if (points.length < 2 || silent(one)) return 0;
  const [before, now] = points.slice(-2);
  return Math.max(0, (read(now) - read(before)) / (now.at - before.at));
}

const silent = (one) => asked.now - one.at > STALE;

// In how many seconds a share of the appends was answered; counts by classes whose bounds double.
function quantile(counts, share) {
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

function since(points, seconds) {
  const now = points[points.length - 1];
  const before = points.find((one) => one.at >= now.at - seconds) || now;
  return { now, before };
}

// The appends of the last seconds of all shown processes, by classes.
function lateLatency(shown, seconds) {
  const counts = asked.latency_bounds.concat(0).map(() => 0);
  for (const one of shown) {
    const points = history.get(one.writer) || [];
    if (points.length < 2) continue;
    const { now, before } = since(points, seconds);
    now.latency.forEach((count, k) => { counts[k] += count - before.latency[k]; });
  }
  return counts;
}

function verdictOf(shown) {
  if (!shown.length) return ["no process writes here", "warn"];
  const streams = shown.flatMap((one) => one.streams);
  const held = streams.filter((one) => one.state === "held").length;
  const elsewhere = shown.flatMap((one) => Object.keys(one.stats.held)).filter((name) => !name.includes("/")).length;
  if (held + elsewhere) return [`${held + elsewhere} held: needs you`, "bad"];
  const gone = shown.filter(silent);
  if (gone.length) return [`${gone.length === 1 ? `process ${gone[0].pid} is` : `${gone.length} processes are`} silent`, "bad"];
  const lost = shown.some((one) => {
    const points = history.get(one.writer) || [];
    if (points.length < 2) return false;
    const { now, before } = since(points, LATELY);
    return now.lost > before.lost;
  });
  if (lost) return ["rows are being lost", "bad"];
  if (streams.some((one) => one.state === "retrying" && one.code)) return ["the store gives no answer: rows wait", "warn"];
  if (shown.every((one) => one.closed)) return ["closed", "warn"];
  if (!shown.every((one) => one.healthy || one.closed)) return ["rows wait longer than they should", "warn"];
  const rates = shown.flatMap((one) => Object.values(one.stats.sample_rates));
  if (rates.length && rates.every((rate) => rate === 0)) return ["recording is switched off", "warn"];
  if (!sum(shown.map((one) => one.stats.accepted))) return ["on, and no rows have come yet", "good"];
  return ["rows find their way", "good"];
}

// Showing it ------------------------------------------------------------------------------------------

function element(tag, text, names) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (names) made.className = names;
  return made;
}

function tile(id, text, level) {
  at(id).textContent = text;
  at(id).parentElement.className = "tile" + (level ? " " + level : "");
}

function seconds(age) {
  if (age === null || age === undefined) return "-";
  if (age < 10) return age.toFixed(1) + " s";
  if (age < 120) return age.toFixed(0) + " s";
  return age < 7200 ? (age / 60).toFixed(0) + " min" : (age / 3600).toFixed(1) + " h";
}

function milliseconds(time) {
  if (time === null) return "-";
  const ms = time * 1000;
  return ms < 10 ? ms.toFixed(1) : number.format(ms);
}

function clock(time) {
  return new Date(time * 1000).toISOString().slice(11, 19);
}

function showTiles(shown) {
  const ages = shown.map((one) => one.stats.oldest_age).filter((age) => age !== null);
  const oldest = ages.length ? Math.max(...ages) : null;
  const budget = sum(shown.map((one) => one.stats.budget));
  const used = sum(shown.map((one) => one.stats.budget_used));
  const share = budget ? (100 * used) / budget : 0;
  const lost = sum(shown.map((one) => lostOf(one.stats)));
  const late = lateLatency(shown, 10);
  tile("accepted", few(sum(shown.map((one) => rateOf(one, (p) => p.accepted)))));
  tile("stored", few(sum(shown.map((one) => rateOf(one, (p) => p.stored)))));
  tile("budget", share.toFixed(1) + " %", share > 75 ? "bad" : share > 50 ? "warn" : "");
  at("budget-of").textContent = `of ${few(budget / 2 ** 20)} MiB budget`;
  const patience = Math.max(5, 3 * Math.max(0, ...shown.map((one) => one.settings.linger)));
  tile("oldest", seconds(oldest), oldest > 30 ? "bad" : oldest > patience ? "warn" : "");
  tile("latency", `${milliseconds(quantile(late, 0.5))} / ${milliseconds(quantile(late, 0.99))}`);
  tile("lost", few(lost), lost ? "bad" : "");
}

function showBooks(shown) {
  const stats = shown.map((one) => one.stats);
  const total = (read) => sum(stats.map(read));
  const parts = [
    ["stored", "stored", total((s) => s.stored)],
    ["memory", "in memory", total((s) => s.in_memory)],
    ["spool", "in the spool", total((s) => s.in_spool)],
    ["possibly", "possibly stored", total((s) => s.possibly_stored)],
    ["lost", "lost", total(lostOf)],
  ];
  const accepted = total((s) => s.accepted);
  const bar = parts.map(([kind, , rows]) => {
    const made = element("span", undefined, kind);
    // What is there can be seen, however little it is.
    if (rows) made.style.flex = `${rows} 0 3px`;
    return made;
  });
  at("bar").replaceChildren(...bar);
  at("bar").setAttribute("aria-label", `${few(accepted)} accepted: ` + parts.map(([, words, rows]) => `${few(rows)} ${words}`).join(", "));
  const words = [element("span", `${few(accepted)} accepted = `)];
  for (const [kind, name, rows] of parts) {
    const key = element("span", undefined, "key " + kind);
    key.append(element("b", `${few(rows)} ${name}`));
    words.push(key);
  }
  const outside = [["refused", total((s) => reasons(s.refused))], ["sampled out", total((s) => s.sampled_out)], ["left out by rules", total((s) => s.redacted_out)]];
  words.push(element("span", "never accepted: " + outside.map(([name, rows]) => `${name} ${few(rows)}`).join(", ")));
  at("books").replaceChildren(...words);
}

function showStreams(shown) {
  const rows = shown.flatMap((one) => one.streams.map((stream) => ({ one, stream })));
  rows.sort((a, b) => !a.stream.code - !b.stream.code || b.stream.waiting - a.stream.waiting || b.stream.stored - a.stream.stored);
  at("streams").replaceChildren(...rows.slice(0, 100).map(({ one, stream }) => streamRow(one, stream, shown.length > 1)));
  const more = Math.max(0, rows.length - 100) + sum(shown.map((one) => one.more_streams));
  at("streams-note").textContent = more ? `and ${few(more)} more` : "";
}

function streamRow(one, stream, several) {
  const key = stream.path + "\n" + stream.stream;
  const row = element("tr", undefined, stream.state === "held" ? "bad" : "");
  const rate = stream.sample_rate;
  const recorded = rate === null ? "-" : rate === 0 ? "off" : rate === 1 ? "all" : `${(100 * rate).toPrecision(2)} %`;
  const first = element("td", stream.stream || "adopted from a spool", "name");
  if (several) first.append(element("small", ` process ${one.pid}`));
  const record = element("td", recorded, rate === 0 ? "warn" : "");
  if (asked.control && one.settings.settings_file && stream.stream && !stream.stream.includes(",")) {
    record.append(switchOf(one, stream.stream, rate !== 0));
  }
  const state = element("td", stream.code ? `${stream.state}: ${stream.code}` : stream.state, stream.code ? "state" : "state still");
  if (stream.remedy) state.append(element("span", stream.remedy, "remedy"));
  row.append(
    first, element("td", stream.part.split("/").slice(-4).join("/"), "name"), record,
    element("td", few(rateOf(one, (point) => point.streams.get(key) ?? 0)), "number"),
    element("td", few(stream.stored), "number"), element("td", few(stream.waiting), "number"),
    element("td", seconds(stream.oldest_age), "number"),
    element("td", `${few(stream.blocks)} of ${few(stream.max_blocks)}`, "number"), state,
  );
  return row;
}

function switchOf(one, label, on) {
  const button = element("button", on ? "switch off" : "switch on");
  button.type = "button";
  button.setAttribute("aria-label", `${on ? "switch off" : "switch on"} ${label}`);
  button.addEventListener("click", async () => {
    button.disabled = true;
    const answer = await fetch("control", {
      method: "POST", headers: { "content-type": "application/json" },
      body: JSON.stringify({ writer: one.writer, collector: label, enabled: !on }),
    });
    if (!answer.ok) at("about").textContent = await answer.text();
  });
  return button;
}

function showRecent(shown) {
  const several = shown.length > 1;
  const lines = shown.flatMap((one) => one.recent.map((what) => ({ one, what })));
  lines.sort((a, b) => b.what.last - a.what.last);
  const made = lines.slice(0, 50).map(({ one, what }) => {
    const row = element("tr", undefined, what.trouble ? "bad" : "");
    const when = element("td");
    const time = element("time", clock(what.last));
    time.dateTime = new Date(what.last * 1000).toISOString();
    when.append(time);
    const kind = element("td", what.kind.replace(/(?<=.)(?=[A-Z])/g, " ").toLowerCase(), what.trouble ? "what" : "");
    if (several) kind.append(element("small", ` process ${one.pid}`));
    row.append(when, kind, element("td", what.text), element("td", what.times > 1 ? few(what.times) : "", "number"));
    return row;
  });
  if (!made.length) {
    const none = element("td", "nothing that you need to know", "still");
    none.colSpan = 4;
    made.push(element("tr"));
    made[0].append(none);
  }
  at("recent").replaceChildren(...made);
}

function showProcesses(all) {
  const menu = at("process");
  const wanted = [["", `all ${all.length} processes`], ...all.map((one) => [one.writer, `process ${one.pid} on ${one.node}`])];
  const options = all.length > 1 ? wanted : wanted.slice(1);
  if (chosen && !all.some((one) => one.writer === chosen)) chosen = "";
  const now = JSON.stringify(options);
  if (menu.dataset.shown !== now) {
    menu.dataset.shown = now;
    menu.replaceChildren(...options.map(([value, text]) => {
      const option = element("option", text);
      option.value = value;
      return option;
    }));
  }
  menu.value = all.length > 1 ? chosen : options.length ? options[0][0] : "";
  menu.hidden = !all.length;
}

function show() {
  const all = asked.processes;
  const shown = chosen ? all.filter((one) => one.writer === chosen) : all;
  showProcesses(all);
  const [words, level] = verdictOf(shown);
  if (at("verdict").textContent !== words) at("verdict").textContent = words;
  at("verdict").className = "pill " + level;
  document.title = `${words} - aiocollect`;
  at("clock").textContent = clock(asked.now) + " UTC";
  at("none").hidden = all.length > 0;
  at("hint").textContent = asked.hint;
  showTiles(shown);
  showBooks(shown);
  showStreams(shown);
  showRecent(shown);
  showLines(shown);
  const notes = [...new Set(shown.map((one) => `${one.store}; core: ${one.core}`))];
  notes.push(...asked.unreadable.map((one) => `${one.name}: ${one.why}`));
  at("about").textContent = notes.join(" · ");
}

// Lines -----------------------------------------------------------------------------------------------

let charts = null;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function chart(id, series) {
  const axis = { stroke: colour("--faint"), grid: { stroke: colour("--grid"), width: 1 }, ticks: { show: false } };
  const drawn = new uPlot({
    width: Math.max(240, at(id).clientWidth), height: 150, cursor: { y: false }, legend: { show: false },
    scales: { x: { time: true }, y: { range: (_, low, high) => [0, Math.max(high * 1.1, 1)] } },
    axes: [
      { ...axis, size: 28, space: 70, values: (_, ticks) => ticks.map(clock) },
      { ...axis, size: 52, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString("en")) },
    ],
    series: [{}, ...series.map((name) => ({ stroke: colour(name), width: 2, points: { show: false } }))],
  }, [[], ...series.map(() => [])], at(id));
  return drawn;
}

function makeCharts() {
  for (const one of charts || []) one.destroy();
  charts = [
    chart("rows-line", ["--memory", "--stored"]),
    chart("budget-line", ["--spool"]),
    chart("latency-line", ["--memory", "--possibly"]),
  ];
}

// Each process by itself, second by second; then added up.
function showLines(shown) {
  const end = Math.floor(asked.now);
  const times = [], accepted = [], stored = [], used = [], middle = [], late = [];
  const tracks = shown.map((one) => history.get(one.writer) || []);
  const first = Math.min(end, ...tracks.filter((points) => points.length).map((points) => Math.floor(points[0].at)));
  const begin = Math.max(first, end - SPAN);
  const places = tracks.map(() => 0);
  for (let time = begin + 1; time <= end; time++) {
    let a = 0, s = 0, u = 0, seen = false;
    const counts = asked.latency_bounds.concat(0).map(() => 0);
    tracks.forEach((points, k) => {
      while (places[k] + 1 < points.length && points[places[k] + 1].at <= time + 0.5) places[k]++;
      const now = points[places[k]], before = points[places[k] - 1];
      if (!now || !before || now.at > time + 0.5 || now.at < time - 2) return;
      seen = true;
      a += (now.accepted - before.accepted) / (now.at - before.at);
      s += (now.stored - before.stored) / (now.at - before.at);
      u += now.used / 2 ** 20;
      now.latency.forEach((count, class_) => { counts[class_] += count - before.latency[class_]; });
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

// Asking ----------------------------------------------------------------------------------------------

async function ask() {
  if (document.hidden) return;
  try {
    const answer = await fetch("status.json", { cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(answer.status === 401 ? "the token is not valid any more: open the address anew" : `answer ${answer.status}`);
    asked = await answer.json();
    asked.processes.forEach(remember);
    show();
  } catch (error) {
    at("verdict").textContent = error.message.startsWith("the token") ? error.message : "no answer, asking again";
    at("verdict").className = "pill warn";
  }
}

async function forever() {
  for (;;) {
    const began = performance.now();
    await ask();
    await new Promise((go) => setTimeout(go, Math.max(100, EVERY - (performance.now() - began))));
  }
}

at("process").addEventListener("change", (event) => {
  chosen = event.target.value;
  if (asked) show();
});
document.addEventListener("visibilitychange", ask);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  makeCharts();
  if (asked) show();
});
addEventListener("resize", () => {
  if (charts) ["rows-line", "budget-line", "latency-line"].forEach((id, k) => charts[k].setSize({ width: Math.max(240, at(id).clientWidth), height: 150 }));
});
forever();
