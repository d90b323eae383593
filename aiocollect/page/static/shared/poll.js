// Asks for a JSON file again and again, as long as the page can be seen. The server never holds a
// request open, so a page that is left open delays no shutdown.

import { pill } from "./dom.js";

const PATIENCE = 5000; // milliseconds for one answer

// What the server says to somebody whose token it does not know.
class Refused extends Error {}

// `wanted` gives the address, `show` gets each answer and says in how many milliseconds to ask
// again; null: never. Returns a function that asks at once.
export function poll(wanted, show) {
  let timer = null, asking = false, again = false;

  async function ask() {
    clearTimeout(timer);
    if (document.hidden) return;
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    let wait = 1000;
    try {
      wait = await show(await answerOf(wanted()));
    } catch (error) {
      pill(error instanceof Refused ? error.message : "no answer, asking again", "warn");
      if (!(error instanceof Refused || error instanceof TypeError || error instanceof DOMException)) {
        console.error(error); // ours to mend
      }
    }
    if (wait === null) return; // still asking, so nothing asks again
    asking = false;
    timer = setTimeout(ask, again ? 0 : wait);
    again = false;
  }

  document.addEventListener("visibilitychange", ask);
  ask();
  return ask;
}

async function answerOf(address) {
  const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  if (answer.ok) return answer.json();
  throw new Refused(answer.status === 401 ? "the token is not valid any more: open the address anew" : `answer ${answer.status}`);
}
