// Live updates: follows /live, shows toasts, keeps the counter of open alerts and the parts of the page that carry
// data-live (and an id) up to date. One tab of a browser holds the stream and tells the others: over HTTP/1.1 a browser
// opens six connections to a host, and a stream in each of six tabs would leave none for pages.

import { toast } from "./toasts.js";
import { isOfAnotherIsp, keepFresh, loggedIn, refreshForNews, refreshSoon, worthIt } from "./refresh.js";

const SILENCE = 40_000; // ms without a sign of life (they come every 15 s) until the connection counts as lost
const PATIENCE = 4_000; // ms a connection may be away until the page says so
const LONGEST = 30_000; // ms between two attempts

const channel = new BroadcastChannel("backhaul-live");
const shown = new Set(); // alerts that were told, as "id kind"
let last = ""; // the last change heard of
let heard = Date.now();
let source = null;
let release = null; // gives the stream's lock to another tab
let failures = 0;
let over = false;
let lostTimer = 0;

// One message, from our own stream or told by the tab that has it.
const handlers = {
  hello({ open, isp }) {
    refreshSoon(); // which leads a page of another isp away
    if (!isOfAnotherIsp(isp)) count(open);
    else if (!worthIt()) leftBehind();
  },
  alert(alert) {
    count(alert.open);
    refreshForNews();
    const key = `${alert.id} ${alert.kind}`;
    if (alert.kind === "changed" || shown.has(key)) return;
    shown.add(key);
    shown.delete(`${alert.id} ${alert.kind === "ended" ? "firing" : "ended"}`); // it may do the other thing again
    const ended = alert.kind === "ended";
    toast({ level: ended ? "ended" : alert.severity, title: alert.title, text: alert.where, url: alert.url, ended });
  },
  many({ firing, ended, open }) {
    count(open);
    refreshForNews();
    const said = [firing && `${firing} new alerts`, ended && `${ended} ended`].filter(Boolean).join(", ");
    if (said) toast({ level: firing ? "critical" : "ended", title: said, text: "", url: "/", ended: !firing });
  },
  beat() {},
  bye() {
    stop();
    say("You are logged out in this browser.", "/login", "Log in again");
  },
};

function count(open) {
  for (const node of document.querySelectorAll("[data-open-alerts]")) {
    node.textContent = open;
    node.hidden = !open;
  }
}

function take(name, data, id) {
  heard = Date.now();
  if (id) last = id;
  if (name !== "bye") connected();
  document.body.dataset.stream = name === "bye" ? "over" : "on";
  handlers[name](data);
}

function connected() {
  failures = 0;
  clearTimeout(lostTimer);
  lostTimer = 0;
  if (!over) document.getElementById("lost").hidden = true;
}

function say(text, href, label) {
  const node = document.getElementById("lost");
  node.textContent = `${text} `;
  if (href) {
    const link = document.createElement("a");
    link.href = href;
    link.textContent = label;
    node.append(link);
  }
  node.hidden = false;
}

function connect() {
  if (over) return;
  source = new EventSource(last ? `/live?after=${encodeURIComponent(last)}` : "/live");
  for (const name of Object.keys(handlers)) {
    source.addEventListener(name, (event) => {
      const data = event.data ? JSON.parse(event.data) : {};
      channel.postMessage({ name, data, id: event.lastEventId });
      take(name, data, event.lastEventId);
    });
  }
  source.onerror = lost;
}

async function lost() {
  source?.close();
  source = null;
  if (over) return;
  failures += 1;
  document.body.dataset.stream = "lost";
  lostTimer ||= setTimeout(() => say("Live updates are interrupted. Trying again…"), PATIENCE);
  if (failures > 1 && !(await loggedIn())) {
    channel.postMessage({ name: "bye", data: {} });
    handlers.bye();
    return;
  }
  const wait = Math.min(LONGEST, 1_000 * 2 ** (failures - 1)) * (0.5 + Math.random());
  setTimeout(() => source ?? connect(), wait);
}

// A form stays, for what is typed in it; the server does not take it any more.
function leftBehind() {
  stop();
  say("You look at another provider now, so this page cannot be saved.", "/", "To the first page");
}

function stop() {
  over = true;
  source?.close();
  source = null;
  release?.();
}

// The lock is held as long as the promise is open: until this tab goes, or says that it is over.
function lead() {
  if (over) return undefined;
  connect();
  return new Promise((resolve) => {
    release = resolve;
  });
}

channel.onmessage = ({ data: { name, data, id } }) => {
  if (name === "who") {
    if (source?.readyState === EventSource.OPEN) channel.postMessage({ name: "beat", data: {}, id: last });
    return;
  }
  if (source === null && !over && name in handlers) take(name, data, id);
};

if (document.body.dataset.liveStream) {
  setInterval(() => {
    if (over || Date.now() - heard < SILENCE) return;
    heard = Date.now();
    if (source) lost();
    else connect(); // the tab that has the stream sleeps
  }, 5_000);
  channel.postMessage({ name: "who" }); // a tab that has the stream says that it is there
  if (navigator.locks) navigator.locks.request("backhaul-live", lead);
  else connect();
  addEventListener("pagehide", () => {
    source?.close();
    source = null;
  });
  addEventListener("pageshow", (event) => event.persisted && !over && !source && connect());
}
keepFresh();
