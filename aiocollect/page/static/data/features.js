// A card for each feature: the day over the days before it, the index, and what is missing.

import { at, element, few, percent } from "../shared/dom.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 240, HEIGHT = 96;
const WORDS = { good: "stable", warn: "moved a little", bad: "drifted", few: "few rows" };

export function showFeatures(picture) {
  const features = picture.features || [];
  const cards = features.map(cardOf);
  const more = (picture.columns || 0) - features.length;
  if (more > 0) cards.push(element("p", `and ${few(more)} more features, which drift less`));
  at("features").replaceChildren(...cards);
}

function cardOf(one) {
  const card = element("article"), head = element("header"), title = element("h3", one.name);
  head.append(title, element("small", one.type));
  if (one.psi !== null) {
    const index = element("span", `PSI ${one.psi.toFixed(2)}`, "pill " + one.level);
    index.title = WORDS[one.level];
    head.append(index);
  }
  card.append(head, one.bars ? barsOf(one) : element("p", whyNone(one), "none"), footOf(one));
  return card;
}

function whyNone(one) {
  if (one.missing[1] === null) return "not there on this day";
  if (one.missing[1] === 1) return "all missing";
  return one.type === "string" ? "too many different texts to be counted" : "not a number or a category";
}

function barsOf(one) {
  const { now, before, labels } = one.bars;
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  picture.setAttribute("preserveAspectRatio", "none");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", describe(one));
  const most = Math.max(...now, ...(before || [0])) || 1;
  const slot = WIDTH / now.length;
  now.forEach((share, k) => {
    const group = document.createElementNS(SVG, "g");
    if (before) group.append(rect(k * slot + 0.03 * slot, 0.94 * slot, before[k] / most, "before"));
    group.append(rect(k * slot + 0.22 * slot, 0.56 * slot, share / most, "now"));
    const title = document.createElementNS(SVG, "title");
    title.textContent = `${labels && !one.bars.ordered ? labels[k] + ": " : ""}${before ? percent(before[k]) + " before, " : ""}${percent(share)} now`;
    group.append(title);
    picture.append(group);
  });
  return picture;
}

function rect(x, width, share, names) {
  const bar = document.createElementNS(SVG, "rect");
  const height = share ? Math.max(0.7, share * (HEIGHT - 2)) : 0;
  bar.setAttribute("x", x.toFixed(2));
  bar.setAttribute("y", (HEIGHT - height).toFixed(2));
  bar.setAttribute("width", width.toFixed(2));
  bar.setAttribute("height", height.toFixed(2));
  bar.setAttribute("class", names);
  return bar;
}

function describe(one) {
  const { now, before } = one.bars;
  let largest = 0, where = 0;
  now.forEach((share, k) => {
    const apart = before ? Math.abs(share - before[k]) : share;
    if (apart > largest) [largest, where] = [apart, k];
  });
  const bar = `bar ${where + 1} of ${now.length}`;
  return before ? `${one.name}: the largest difference is in ${bar}, ${percent(before[where])} before and ${percent(now[where])} now` : `${one.name}: most are in ${bar}, ${percent(now[where])}`;
}

function footOf(one) {
  const foot = element("div", undefined, "foot");
  const labels = one.bars?.labels;
  const ends = labels ? [labels[0], labels[labels.length - 1]] : one.bars?.ordered ? ["low", "high"] : ["", ""];
  const words = element("span", undefined, "middle");
  const [before, now] = one.missing;
  words.append(element("span", before === null || now === null ? `missing ${percent(now ?? before)}` : `missing ${(100 * before).toFixed(1)} → ${percent(now)}`, one.more_missing ? "bad" : ""));
  if (one.nan && (one.nan[0] || one.nan[1])) words.append(`, NaN ${percent(one.nan[1])}`);
  if (one.new) words.append(`, ${few(one.new)} new`);
  foot.append(element("span", ends[0]), words, element("span", ends[1]));
  return foot;
}
