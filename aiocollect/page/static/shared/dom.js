// Elements and words that both pages use. All texts are set as text, never as markup.

export const at = (id) => document.getElementById(id);

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export const few = (value) => (value === null || value === undefined ? "-" : number.format(value));
export const sum = (values) => values.reduce((all, one) => all + one, 0);
export const clock = (time) => new Date(time * 1000).toISOString().slice(11, 19);

export function percent(share, digits = 1) {
  return share === null || share === undefined ? "-" : `${(100 * share).toFixed(digits)} %`;
}

export function seconds(age) {
  if (age === null || age === undefined) return "-";
  if (age < 10) return age.toFixed(1) + " s";
  if (age < 120) return age.toFixed(0) + " s";
  return age < 7200 ? (age / 60).toFixed(0) + " min" : (age / 3600).toFixed(1) + " h";
}

export function bytes(count) {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let size = count, k = 0;
  for (; size >= 1024 && k < units.length - 1; k++) size /= 1024;
  return k ? `${size.toFixed(1)} ${units[k]}` : `${few(size)} bytes`;
}

export function element(tag, text, names) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (names) made.className = names;
  return made;
}

// The verdict, in words; a reader of the screen hears it where it changes.
export function pill(words, level) {
  if (at("verdict").textContent !== words) at("verdict").textContent = words;
  at("verdict").className = "pill " + level;
  document.title = `${words} - aiocollect`;
}

// The other pages there are: a link to each that this one is not.
export function showPages(pages) {
  for (const [id, name] of [["to-live", "live"], ["to-data", "data"]]) {
    const link = at(id);
    link.hidden = !pages.includes(name) || pages.length < 2;
  }
}
