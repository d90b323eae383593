// The live page: asks for status.json once a second, and shows what is in it.

import { at, clock, element, pill, showPages } from "../shared/dom.js";
import { poll } from "../shared/poll.js";
import { remember } from "./history.js";
import { fitCharts, makeCharts, showLines } from "./lines.js";
import { showRecent } from "./recent.js";
import { showStreams } from "./streams.js";
import { showBooks, showTiles } from "./tiles.js";
import { verdictOf } from "./verdict.js";

const EVERY = 1000; // milliseconds between two questions
let asked = null; // the latest answer
let chosen = ""; // writer of the process that is shown; "": all together

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

// Status files that are not ours, or are of another version: said, never left out.
function showUnreadable(found) {
  at("unreadable").hidden = !found.length;
  at("files").replaceChildren(...found.map((one) => {
    const line = element("li");
    line.append(element("b", one.name), `: ${one.why}`);
    return line;
  }));
}

async function show() {
  const all = asked.processes;
  const shown = chosen ? all.filter((one) => one.writer === chosen) : all;
  const focused = document.activeElement?.id; // rows are made anew, and the focus stays
  showProcesses(all);
  showPages(asked.pages);
  pill(...verdictOf(shown, asked.unreadable.length));
  at("clock").textContent = clock(asked.now) + " UTC";
  at("none").hidden = all.length > 0;
  at("hint").textContent = asked.hint;
  showUnreadable(asked.unreadable);
  showTiles(shown);
  showBooks(shown);
  showStreams(shown, asked.control);
  showRecent(shown);
  showLines(shown, asked.now);
  at("about").textContent = [...new Set(shown.map((one) => `${one.store}; core: ${one.core}`))].join(" · ");
  if (focused && document.activeElement?.id !== focused) at(focused)?.focus();
  if (asked.faults) (await import("./faults.js")).showFaults(asked.faults); // the demo's own
}

poll(() => "status.json", async (answer) => {
  const began = performance.now();
  asked = answer;
  remember(answer);
  await show();
  if (asked.faults?.ended) return null; // nobody will answer any more, and what is shown stays
  return Math.max(100, EVERY - (performance.now() - began));
});
at("process").addEventListener("change", (event) => {
  chosen = event.target.value;
  if (asked) show();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  makeCharts();
  if (asked) show();
});
addEventListener("resize", fitCharts);
