// What happened lately, with what to do.

import { at, clock, element, few } from "../shared/dom.js";

const MOST = 50; // lines

export function showRecent(shown) {
  const several = shown.length > 1;
  const lines = shown.flatMap((one) => one.recent.map((what) => ({ one, what })));
  lines.sort((a, b) => b.what.last - a.what.last);
  const made = lines.slice(0, MOST).map(({ one, what }) => {
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
