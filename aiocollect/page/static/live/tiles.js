// Six figures, and the books: every accepted row, and what became of it.

import { at, element, few, seconds, sum } from "../shared/dom.js";
import { lateLatency, lostOf, quantile, rateOf, refusedOf } from "./history.js";

function tile(id, text, level) {
  at(id).textContent = text;
  at(id).parentElement.className = "tile" + (level ? " " + level : "");
}

function milliseconds(time) {
  if (time === null) return "-";
  const ms = time * 1000;
  return ms < 10 ? ms.toFixed(1) : few(ms);
}

export function showTiles(shown) {
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

export function showBooks(shown) {
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
  const outside = [["refused", total(refusedOf)], ["sampled out", total((s) => s.sampled_out)], ["left out by rules", total((s) => s.redacted_out)]];
  words.push(element("span", "never accepted: " + outside.map(([name, rows]) => `${name} ${few(rows)}`).join(", ")));
  at("books").replaceChildren(...words);
}
