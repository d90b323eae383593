// Looks at a page in a browser. Takes a JSON object from stdin:
//   {"url", "until", "keys", "click", "seconds", "after", "evaluate", "shot", "whole",
//    "width", "height", "dark"}
// and prints one: {"title", "texts", "text", "html", "messages", "requests", "answers", "value"}.
// "until" must be true before anything is done, and "after" before anything is looked at; "keys" are
// pressed one after the other; "texts" are those of the elements with an id; "shot" is where a
// picture is put.
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const PATIENCE = 60_000; // milliseconds

const wish = JSON.parse(readFileSync(0, "utf8"));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});
try {
  const context = await browser.newContext({
    viewport: { width: wish.width ?? 1240, height: wish.height ?? 930 },
    colorScheme: wish.dark ? "dark" : "light",
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const messages = [], requests = [], answers = [];
  page.on("console", (message) => messages.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => messages.push(`error: ${error.message}`));
  page.on("request", (request) => requests.push(request.url()));
  page.on("response", (answer) => answers.push([answer.status(), answer.url()]));
  const began = Date.now();
  await page.goto(wish.url, { waitUntil: "load" });
  await page.waitForFunction(() => document.getElementById("verdict")?.textContent !== "connecting");
  const ready = Date.now() - began;
  if (wish.until) await becomes(page, wish.until);
  for (const key of wish.keys ?? []) await page.keyboard.press(key);
  if (wish.click) await page.click(wish.click);
  await page.waitForTimeout(1000 * (wish.seconds ?? 0));
  if (wish.after) await becomes(page, wish.after);
  const value = wish.evaluate ? await page.evaluate(`(${wish.evaluate})()`) : null;
  if (wish.shot) await page.screenshot({ path: wish.shot, fullPage: wish.whole ?? false });
  const texts = await page.evaluate(() =>
    Object.fromEntries([...document.querySelectorAll("[id]")].map((one) => [one.id, one.innerText])));
  console.log(JSON.stringify({
    title: await page.title(), texts, text: await page.evaluate(() => document.body.innerText),
    html: await page.content(), messages, requests, answers, value, ready,
  }));
} finally {
  await browser.close();
}

// Not waitForFunction(), which evaluates its text in the page: the page's policy forbids that.
async function becomes(page, wanted) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; ) {
    if (await page.evaluate(wanted).catch(() => false)) return;
    await page.waitForTimeout(100);
  }
  const text = await page.evaluate(() => document.body.innerText);
  throw new Error(`it never became true: ${wanted}\n${text}`);
}
