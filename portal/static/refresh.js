// Fetches this page again and swaps the elements that carry data-live, so that states change without a reload.

const SOON = 200; // ms, and up to a second more so that not everybody comes at once
const APART = 2_500; // ms between two fetches
const EVERY = 30_000; // ms, and up to a fifth more
const SETTLED = 3_000; // ms after news, and up to a half more: no figure is left from before it (the server keeps them so long)

let timer = 0;
let settling = 0;
let fetched = Date.now(); // the page itself has just come
let stale = false; // something happened while nobody looked

const live = () => document.querySelectorAll("[data-live][id]");
export const worthIt = () => document.querySelector("[data-live][id]:not(#banners)") !== null;

// After an alert: at once, and once more when the figures have followed.
export function refreshForNews() {
  refreshSoon();
  clearTimeout(settling);
  settling = setTimeout(refreshNow, SETTLED + Math.random() * 500);
}

export function refreshSoon() {
  if (timer || !worthIt()) return;
  const wait = Math.max(SOON + Math.random() * 1_000, fetched + APART - Date.now());
  timer = setTimeout(refresh, wait);
}

// Without another wait: states are promised within five seconds of the alert.
function refreshNow() {
  clearTimeout(timer);
  refresh();
}

export function keepFresh() {
  setTimeout(() => {
    refreshSoon();
    keepFresh();
  }, EVERY * (1 + Math.random() / 5));
}

// Whether the server still knows us: it leads whoever it does not know to the login.
export async function loggedIn() {
  try {
    return (await ask()).type !== "opaqueredirect";
  } catch {
    return true; // it cannot be reached, which says nothing
  }
}

const ask = () =>
  fetch(location.href, { redirect: "manual", headers: { "X-Live": "1" }, signal: AbortSignal.timeout(10_000) });

async function refresh() {
  timer = 0;
  if (document.hidden) {
    stale = true;
    return;
  }
  fetched = Date.now();
  try {
    const answer = await ask();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (isOfAnotherIsp(page.body.dataset.isp)) leave(answer.ok);
    else if (answer.ok) swap(page);
  } catch {
    // The next one comes by itself; live.js says when the connection is away.
  }
}

// The platform's owner looks at another isp since: its figures do not belong under this one's name. A page of the
// platform is of none, whichever he looks at.
export const isOfAnotherIsp = (isp) => Boolean(isp && document.body.dataset.isp) && isp !== document.body.dataset.isp;

function leave(thereToo) {
  location.replace(thereToo ? location.pathname + location.search : "/");
}

function swap(page) {
  for (const old of live()) {
    const fresh = page.getElementById(old.id);
    if (fresh === null || same(old, fresh) || busy(old)) continue;
    const place = focusable(old).indexOf(document.activeElement);
    const node = document.importNode(fresh, true);
    old.replaceWith(node);
    focusable(node)[place]?.focus({ preventScroll: true });
    node.dispatchEvent(new CustomEvent("live:swapped", { bubbles: true }));
  }
}

const same = (old, fresh) => old.isEqualNode(fresh);
const focusable = (node) => [...node.querySelectorAll("a, button, input, select, textarea, summary, [tabindex]")];

// Nothing is taken from under the hands of who types or has a menu open.
function busy(node) {
  const focus = document.activeElement;
  const typing = node.contains(focus) && focus.matches("input, select, textarea");
  return typing || node.querySelector(":popover-open, dialog[open]") !== null;
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden || !stale) return;
  stale = false;
  refreshSoon();
});
