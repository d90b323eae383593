// A browser that is driven line by line: each line of stdin is a JSON object, and each answer a line
// of stdout, {"value"} or {"error"}.
//   {"goto": url}                     opens it in the one page that there is
//   {"until": expression, "within"}   waits until it is true, at most so many seconds
//   {"click": selector}, {"value": expression}, {"shot": path}
//   {"messages": true}                what the console and the page have said since the last time
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});
const context = await browser.newContext({ viewport: { width: 1240, height: 930 }, reducedMotion: "reduce" });
const page = await context.newPage();
const messages = [];
page.on("console", (message) => messages.push(`${message.type()}: ${message.text()}`));
page.on("pageerror", (error) => messages.push(`error: ${error.message}`));

// By itself, and not by waitForFunction, which would evaluate text in the page: its policy forbids it.
async function until({ until, within }) {
  const end = Date.now() + 1000 * within;
  while (!(await page.evaluate(until))) {
    if (Date.now() > end) throw new Error(`not seen: ${until}, while the page shows: ${(await page.innerText("body")).slice(0, 600)}`);
    await new Promise((go) => setTimeout(go, 50));
  }
  return true;
}

const verbs = {
  goto: ({ goto }) => page.goto(goto, { waitUntil: "load" }).then(() => page.url()),
  until,
  click: ({ click }) => page.click(click),
  value: ({ value }) => page.evaluate(value),
  shot: ({ shot }) => page.screenshot({ path: shot, fullPage: true }).then(() => shot),
  messages: () => messages.splice(0),
};

console.log(JSON.stringify({ value: "ready" }));
for await (const line of createInterface({ input: process.stdin })) {
  const wish = JSON.parse(line);
  const [name] = Object.keys(wish);
  try {
    console.log(JSON.stringify({ value: (await verbs[name](wish)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.message }));
  }
}
await browser.close();
