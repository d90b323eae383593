// The table of streams: those in trouble first, with what to do; and a switch where that is allowed.

import { at, element, few, seconds, sum } from "../shared/dom.js";
import { rateOf } from "./history.js";

const MOST = 100; // lines of the table

export function showStreams(shown, control) {
  const rows = shown.flatMap((one) => one.streams.map((stream) => ({ one, stream })));
  rows.sort((a, b) => !a.stream.code - !b.stream.code || b.stream.waiting - a.stream.waiting || b.stream.stored - a.stream.stored);
  at("streams").replaceChildren(...rows.slice(0, MOST).map(({ one, stream }) => streamRow(one, stream, shown.length > 1, control)));
  const more = Math.max(0, rows.length - MOST) + sum(shown.map((one) => one.more_streams));
  at("streams-note").textContent = more ? `and ${few(more)} more` : "";
}

function streamRow(one, stream, several, control) {
  const key = stream.path + "\n" + stream.stream;
  const row = element("tr", undefined, stream.state === "held" ? "bad" : "");
  const rate = stream.sample_rate;
  const recorded = rate === null ? "-" : rate === 0 ? "off" : rate === 1 ? "all" : `${(100 * rate).toPrecision(2)} %`;
  const first = element("td", stream.stream || "adopted from a spool", "name");
  if (several) first.append(element("small", ` process ${one.pid}`));
  const record = element("td", recorded, rate === 0 ? "warn" : "");
  if (control && one.settings.settings_file && stream.stream && !stream.stream.includes(",")) {
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

// By process and collector: what was clicked, until the figures show it. The rows of the table are
// made anew each second, and so are their buttons.
const clicked = new Map();

function switchOf(one, label, on) {
  const key = `${one.writer}\n${label}`;
  if (clicked.get(key) !== on) clicked.delete(key);
  const button = element("button", on ? "switch off" : "switch on");
  button.type = "button";
  button.id = `switch-${one.writer}-${label}`;
  button.disabled = clicked.has(key);
  button.setAttribute("aria-label", `${on ? "switch off" : "switch on"} ${label}`);
  button.addEventListener("click", async () => {
    clicked.set(key, on);
    button.disabled = true;
    const answer = await fetch("control", {
      method: "POST", headers: { "content-type": "application/json" },
      body: JSON.stringify({ writer: one.writer, collector: label, enabled: !on }),
    });
    at("said").textContent = await answer.text();
    if (!answer.ok) clicked.delete(key);
  });
  return button;
}
