// Looks at a page in a browser. Takes a JSON object from stdin:
//   {"url", "seconds", "width", "height", "dark", "shot", "click", "evaluate"}
// and prints one: {"title", "texts", "text", "html", "messages", "requests", "answers", "value"}.
// "texts" are those of the elements with an id; "shot" is where a picture is put.
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

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
  if (wish.click) await page.click(wish.click);
  await page.waitForTimeout(1000 * (wish.seconds ?? 0));
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
