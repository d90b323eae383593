// The data page: what is stored, read in the background while this page is looked at.

import { at, few, pill, seconds, showPages } from "../shared/dom.js";
import { poll } from "../shared/poll.js";
import { showDays, showStreams, wished } from "./days.js";
import { showFeatures } from "./features.js";
import { showJoined, showLast, showNotes, showProof } from "./tables.js";

const BUSY = 1000; // milliseconds until the next question, where something is under way
const IDLE = 5000;
let number = null; // of the picture that is shown
let shown = null; // the hash of which it is
let picture = null;

function query() {
  const wish = new URLSearchParams(wished());
  if (number !== null && shown === location.hash) wish.set("have", number);
  return "data.json?" + wish;
}

const drifted = (features) => features.filter((one) => one.level === "bad");

const cannotBeRead = () => picture.unreadable?.some((one) => one.day === picture.chosen.day);

function verdictOf(data) {
  if (data.trouble && !picture) return ["the store cannot be read", "bad"];
  if (!picture || !picture.as_of) return ["reading", ""];
  if (!picture.streams.length) return ["nothing is stored here", "warn"];
  if (picture.unknown) return ["no stream of this name", "warn"];
  if (cannotBeRead()) return ["this day cannot be read", "bad"];
  if (!picture.features) return ["reading", ""];
  if (picture.verdict?.state === "damaged") return ["rows are damaged: needs you", "bad"];
  const bad = drifted(picture.features).length;
  if (bad) return [`${bad} of ${picture.columns} features drifted`, "bad"];
  const missing = picture.features.filter((one) => one.more_missing).length;
  if (missing) return [`${missing} of ${picture.columns} features miss more cells`, "bad"];
  const some = picture.features.filter((one) => one.level === "warn").length;
  if (some) return [`${some} of ${picture.columns} features moved a little`, "warn"];
  if (!picture.against) return ["no days to compare with yet", ""];
  if (picture.rows_before === null) return ["comparing", ""];
  return ["looks as it did", "good"];
}

function summaryOf() {
  if (!picture.streams.length) return "There is nothing under this workspace, service and layout in the store. Pipelines that write to it show up here within a minute.";
  if (picture.unknown) return "The store has no stream of this name; choose one of those it has.";
  if (!picture.features) return "";
  const words = [`${few(picture.rows)} rows`];
  if (picture.rows_before !== null) words.push(`${few(picture.rows_before)} in the days to compare with`);
  const said = [words.join(", ") + "."];
  const compared = picture.features.filter((one) => one.psi !== null);
  if (compared.length) {
    const bad = drifted(picture.features).length;
    said.push(`${bad} of ${picture.columns} features drifted (PSI above 0.2).`);
  }
  const missing = picture.features.filter((one) => one.more_missing).length;
  if (missing) said.push(`In ${missing} of them cells are missing more often, by 5 points or more.`);
  if (compared.some((one) => one.level === "few")) said.push("Fewer than 200 rows: by chance alone the index may be large.");
  return said.join(" ");
}

function showPicture() {
  const chosen = picture.chosen;
  showStreams(picture);
  showDays(picture);
  at("name").textContent = chosen ? `${chosen.name}${chosen.day ? ", " + chosen.day : ""}` : "The data";
  const against = picture.against;
  at("against").textContent = against ? `against ${against[0] === against[1] ? against[0] : `${against[0]} to ${against[1]}`}, ${few(against[2])} ${against[2] === 1 ? "day" : "days"}` : "";
  at("keys").hidden = !(picture.features || []).some((one) => one.bars?.before);
  at("said").textContent = summaryOf();
  showFeatures(picture);
  showProof(picture.verdict);
  showJoined(picture.joined || [], chosen);
  showLast(picture.last);
  showNotes([...(picture.unreadable || []).map((one) => `${one.day} cannot be read: ${one.why}`), ...(picture.notes || [])]);
  at("about").textContent = picture.took === undefined ? "" : `read in ${seconds(picture.took)}; missing is counted apart from the index (PSI), which compares a day with the deciles, or the categories, of the days before it`;
}

function show(answer) {
  const data = answer.data;
  showPages(answer.pages);
  if (shown !== location.hash) picture = null; // another day or stream
  shown = location.hash;
  if (data.picture) {
    picture = data.picture;
    showPicture();
  }
  number = data.number;
  at("store").textContent = data.store;
  at("values").hidden = false;
  at("values").textContent = data.values ? "values shown" : "values hidden";
  pill(...verdictOf(data));
  at("trouble").hidden = !data.trouble;
  at("trouble-text").textContent = data.trouble || "";
  const doing = data.doing;
  at("doing").hidden = !doing;
  at("doing").textContent = doing ? `${doing.what}${doing.rows ? `: ${few(doing.rows)} rows` : ""}, ${seconds(Math.max(0, answer.now - doing.since))}` : "";
  const as_of = picture?.as_of;
  at("clock").textContent = as_of ? `as of ${new Date(as_of * 1000).toISOString().slice(11, 16)} UTC, read once a minute at most` : "";
  return doing || !(picture?.features || picture?.unreadable?.length) ? BUSY : IDLE;
}

const ask = poll(query, show);
addEventListener("hashchange", () => {
  number = null;
  ask();
});
