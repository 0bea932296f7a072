// What the browser has to help with. Every page works without this file.

// A page that cannot reach the program says so, and since when.
const noAnswer = document.getElementById("no-answer");
const refused = document.getElementById("refused");

const silent = () => {
  if (!noAnswer.hidden) return;
  noAnswer.querySelector("time").textContent = new Date().toLocaleTimeString(document.documentElement.lang, {
    hour12: false,
  });
  noAnswer.hidden = false;
};
document.addEventListener("htmx:sendError", silent);
document.addEventListener("htmx:timeout", silent);
document.addEventListener("htmx:responseError", ({ detail }) => {
  if (detail.xhr.status >= 502) silent();
  else if (detail.requestConfig.verb !== "get") refused.hidden = false;
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.successful) noAnswer.hidden = refused.hidden = true;
});

// Nobody looks: do not ask.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.closest('[hx-trigger*="every"]')) event.preventDefault();
});

// A fragment that is swapped while somebody is in it: not under a fresh selection (a double click makes one, too, and
// must not stop a run's page), and the focus stays on the same link or button.
const LEFT_ALONE = 10000;
let held = null;
let chosenAt = 0;
document.addEventListener("selectionchange", () => {
  chosenAt = Date.now();
});
const same = (element) =>
  ["id", "href", "name", "aria-label"].map((name) => element.getAttribute(name)).find((value) => value);
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { target } = detail;
  if (!target.matches('[hx-trigger*="every"]')) return;
  const chosen = window.getSelection();
  const fresh = Date.now() - chosenAt < LEFT_ALONE;
  if (fresh && chosen && !chosen.isCollapsed && target.contains(chosen.anchorNode)) detail.shouldSwap = false;
  const active = document.activeElement;
  held = target.contains(active) && active !== target ? { tag: active.tagName, key: same(active) } : null;
});
document.addEventListener("htmx:afterSettle", () => {
  if (!held || (document.activeElement && document.activeElement !== document.body)) return;
  const again = [...document.getElementsByTagName(held.tag)].find((element) => same(element) === held.key);
  again?.focus({ preventScroll: true });
  held = null;
});

// A form is sent once, however often it is pressed; going back to the page makes it ready again.
const sent = new WeakSet();
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (sent.has(form)) event.preventDefault();
  else sent.add(form);
  setTimeout(() => sent.delete(form), 8000);
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});
