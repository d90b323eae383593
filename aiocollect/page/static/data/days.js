// Which stream, and which day: links whose target the page keeps in its own address.

import { at, bytes, element, few } from "../shared/dom.js";

const SVG = "http://www.w3.org/2000/svg";

// The address of a day of a stream within the page: #model/version/stream@day.
export function addressOf(one, day) {
  const names = [one.model, one.version, one.stream].map(encodeURIComponent).join("/");
  return `#${names}${day ? "@" + day : ""}`;
}

// What the page's address names, as the server is asked for it.
export function wished() {
  const [names, day] = location.hash.slice(1).split("@");
  const [model, version, stream] = names.split("/").map(decoded);
  return { model: model || "", version: version || "", stream: stream || "", day: day || "" };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// The links stay the same elements while their text changes: so the focus stays.
function linked(list, wanted) {
  const there = new Map([...list.querySelectorAll("a")].map((one) => [one.getAttribute("href"), one]));
  list.replaceChildren(...wanted.map(({ href, current, content, label, names }) => {
    const link = there.get(href) || element("a");
    link.setAttribute("href", href);
    link.className = names || "";
    link.replaceChildren(...content);
    if (label) link.setAttribute("aria-label", label);
    if (current) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
    const item = element("li");
    item.append(link);
    return item;
  }));
}

function keepingFocus(list, show) {
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  show();
  focused?.focus();
}

export function showStreams(picture) {
  const list = at("streams"), chosen = picture.chosen;
  keepingFocus(list, () => linked(list, picture.streams.map((one) => ({
    href: addressOf(one),
    current: chosen && chosen.name === one.name,
    content: [document.createTextNode(one.name.split("/").join(" / ")), element("small", `${bytes(one.bytes)}, ${few(one.parts)} ${one.parts === 1 ? "part" : "parts"}`)],
  }))));
  at("streams-note").textContent = picture.more_streams ? `and ${few(picture.more_streams)} more` : "";
}

export function showDays(picture) {
  const list = at("days"), chosen = picture.chosen, days = picture.days || [];
  const most = Math.max(1, ...days.map((one) => one.bytes));
  keepingFocus(list, () => linked(list, days.map((one) => {
    const rows = one.rows === null ? bytes(one.bytes) : few(one.rows);
    const words = element("small", rows);
    const parts = `${few(one.parts)} ${one.parts === 1 ? "part" : "parts"}`;
    if (one.parts > 1) words.append(`, ${parts}`);
    if (one.state) words.append(" ", element("span", one.state, "state " + one.state));
    return {
      href: addressOf(chosen, one.day),
      names: "day",
      current: one.day === chosen.day,
      content: [document.createTextNode(one.day.slice(5)), barOf(one.bytes / most), words],
      label: `${one.day}: ${one.rows === null ? rows : rows + " rows"}, ${parts}${one.state ? ", " + one.state : ""}`,
    };
  })));
}

function barOf(share) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", "0 0 100 10");
  picture.setAttribute("preserveAspectRatio", "none");
  picture.setAttribute("aria-hidden", "true");
  const bar = document.createElementNS(SVG, "rect");
  bar.setAttribute("width", Math.max(1, 100 * share).toFixed(1));
  bar.setAttribute("height", 10);
  picture.append(bar);
  return picture;
}
