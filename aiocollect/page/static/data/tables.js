// Tables below the features: the verdict, the join, and the latest rows.

import { at, element, few, percent } from "../shared/dom.js";

// docs/log.md says the same.
const MEANING = {
  proven: "every accepted row is stored, or recorded as dropped or as a dead letter",
  consistent: "what is there is valid, but no log proves that it is complete",
  open: "some rows are still on their way, or their process was killed",
  damaged: "rows are lost, altered, doubled or foreign",
};

export function showProof(verdict) {
  at("proof").hidden = !verdict;
  if (!verdict) return;
  const lost = verdict.dropped + verdict.dead_lettered;
  const words = `: ${MEANING[verdict.state]}. ${few(verdict.stored)} rows by the log${lost ? `, ${few(lost)} recorded as not stored` : ""}.`;
  at("proof-said").replaceChildren(element("b", verdict.state, "state " + verdict.state), words);
  at("findings").hidden = !verdict.findings.length;
  at("findings-rows").replaceChildren(...verdict.findings.map((one) => {
    const row = element("tr", undefined, one.state === "damaged" ? "bad" : "");
    row.append(element("td", one.kind, "what"), element("td", one.part, "name"), element("td", one.rows ? few(one.rows) : "", "number"), element("td", one.remedy));
    return row;
  }));
}

export function showJoined(days, chosen) {
  at("joined").hidden = !days.length;
  if (!days.length) return;
  at("joined-note").textContent = `the streams of ${[chosen.model, chosen.version].filter(Boolean).join("/")}, by the day of the scoring`;
  const names = [...new Set(days.flatMap((one) => Object.keys(one.streams)))];
  const head = ["day", "rows", ...names, "paired", "labelled"];
  at("joined-head").replaceChildren(...head.map((name, k) => {
    const cell = element("th", name, k ? "number" : "");
    cell.scope = "col";
    return cell;
  }));
  at("joined-rows").replaceChildren(...days.map((one) => {
    const row = element("tr");
    row.append(element("td", one.day, "name"), element("td", few(one.rows), "number"));
    for (const name of names) row.append(element("td", few(one.streams[name]), "number"));
    row.append(element("td", percent(one.paired_share), "number"), element("td", percent(one.labelled_share), "number"));
    return row;
  }));
}

export function showLast(last) {
  at("last").hidden = !last || !last.rows.length;
  if (!last) return;
  at("last-head").replaceChildren(...last.columns.map((name) => {
    const cell = element("th", name);
    cell.scope = "col";
    return cell;
  }));
  at("last-rows").replaceChildren(...last.rows.map((cells) => {
    const row = element("tr");
    row.append(...cells.map((cell) => element("td", cell)));
    return row;
  }));
}

export function showNotes(notes) {
  at("notes").hidden = !notes.length;
  at("notes-list").replaceChildren(...notes.map((text) => element("li", text)));
}
