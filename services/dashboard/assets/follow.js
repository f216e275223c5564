// Keeps a page as the services have it. Invariant: what somebody is reading or typing in is not taken from under them.
"use strict";
const main = document.getElementById("main");
const said = document.getElementById("fresh");
const busy = () =>
  (main.contains(document.activeElement) && document.activeElement !== main) || String(getSelection()) !== "";

async function again() {
  if (busy()) { said.textContent = "There is something new: reload the page to see it."; return; }
  try {
    const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
    main.replaceChildren(...page.getElementById("main").childNodes);
    said.textContent = "Refreshed at " + new Date().toLocaleTimeString() + ".";
  } catch { said.textContent = "It could not be refreshed; it is tried again."; }
}

function follow(from) {
  const events = new EventSource(from);
  let first = true, soon;
  const changed = (event) => {
    // What comes first is the timeline as it is: only what the page does not know yet is news.
    const known = Date.parse(main.firstElementChild.dataset.known ?? 0);
    if (first && !(Date.parse(JSON.parse(event.data).known_from) > known)) return;
    clearTimeout(soon);
    soon = setTimeout(again, 300);
  };
  events.addEventListener("entry", changed);
  events.addEventListener("removed", (event) => first || changed(event));
  events.addEventListener("through", () => { first = false; });
  events.onerror = () => { if (events.readyState === EventSource.CLOSED) setTimeout(follow, 5000, from); };
}

if (main.dataset.every) setInterval(again, 1000 * main.dataset.every);
if (main.dataset.events) follow(main.dataset.events);
