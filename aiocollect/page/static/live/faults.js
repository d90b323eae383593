// The demo's buttons and, when it has ended, its verdict. Only a page that has buttons loads this.

import { at, element, pill } from "../shared/dom.js";

let buttons = null; // by name; made once, so that the focus stays on them
let over = false;

export function showFaults(faults) {
  if (over) return;
  if (!buttons) make(faults.buttons);
  for (const one of faults.buttons) {
    const { button, note } = buttons.get(one.name);
    button.setAttribute("aria-pressed", one.on);
    note.textContent = one.by ? `pressed by ${one.by}` : "";
  }
  at("faults-note").textContent = faults.note;
  if (faults.ended) showVerdict(faults.verdict);
}

function make(all) {
  buttons = new Map();
  const row = element("div", undefined, "presses");
  for (const one of all) {
    const button = element("button", one.words), note = element("small");
    button.type = "button";
    button.id = "press-" + one.name;
    button.title = one.note;
    button.addEventListener("click", () => press(one.name));
    const pair = element("span");
    pair.append(button, note);
    row.append(pair);
    buttons.set(one.name, { button, note });
  }
  const title = element("h2", "Make it fail ");
  title.append(element("small", "press one; a script presses those that you do not"));
  const note = element("p");
  note.id = "faults-note";
  note.setAttribute("role", "status");
  at("faults").replaceChildren(title, row, note);
  at("faults").hidden = false;
}

async function press(name) {
  const answer = await fetch("faults", {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ name }),
  });
  if (!answer.ok) at("faults-note").textContent = await answer.text();
}

function showVerdict(verdict) {
  over = true;
  pill(verdict.words, verdict.good ? "good" : "bad");
  const made = [element("h2", "The verdict"), element("p", verdict.words, verdict.good ? "stored" : "lost")];
  made.push(...verdict.lines.map((line) => element("p", line)));
  if (verdict.next.length) made.push(element("h2", "Try next"));
  for (const one of verdict.next) {
    const line = element("p", one.what);
    line.append(element("code", one.command));
    made.push(line);
  }
  at("faults").replaceChildren(...made);
}
