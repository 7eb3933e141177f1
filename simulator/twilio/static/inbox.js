// The inbox page: one chat per recipient, asked for anew as soon as the server has news.
"use strict";

const SHOWN = 500; // messages kept on the page
const TICKS = { accepted: "🕓", queued: "🕓", sent: "✓", delivered: "✓✓", read: "✓✓", undelivered: "!", failed: "!" };
const WORDS = { accepted: "waiting", queued: "waiting", undelivered: "not delivered", failed: "failed" };
const byId = (id) => document.getElementById(id);
const narrow = matchMedia("(max-width: 719px)");
let messages = [];
let names = {}; // by number

const number = (to) => to.replace(/^whatsapp:/, "");
const who = (to) => names[number(to)] ?? number(to);
const clock = (at) => new Date(at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const opened = () => decodeURIComponent(location.hash.slice(1)) || (narrow.matches ? "" : (messages.at(-1)?.to ?? ""));

function make(tag, className, ...content) {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...content);
  return node;
}

function day(at) {
  const when = new Date(at * 1000);
  if (when.toDateString() === new Date().toDateString()) return "Today";
  return when.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });
}

const colour = (to) => `avatar hue-${[...to].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 6}`;
const lastDigits = (to) => to.slice(-2);

function ticks(message) {
  const node = make("span", `ticks ${message.status}`, TICKS[message.status] ?? "");
  node.title = message.status;
  node.setAttribute("aria-label", WORDS[message.status] ?? message.status);
  return node;
}

function chatRow(to, own) {
  const last = own.at(-1);
  const link = make("a", to === opened() ? "open" : "");
  link.href = `#${encodeURIComponent(to)}`;
  link.append(
    make("span", colour(to), lastDigits(to)),
    make("span", "who", who(to)),
    make("time", "when", clock(last.accepted_at)),
    make("span", "last", ticks(last), " ", last.body.replace(/[*_~`]/g, "").slice(0, 120)),
    make("span", "count", String(own.length)),
  );
  return make("li", "", link);
}

function bubble(message) {
  const foot = make("span", "foot", clock(message.accepted_at), " ", ticks(message));
  const node = make("li", "bubble", make("div", "text", markedUp(message.body)), foot);
  if (message.content_sid) node.prepend(make("span", "template", "template"));
  if (message.error_code) node.append(make("p", "error", `${message.error_code}: ${message.error_message}`));
  return node;
}

function drawChats() {
  const chats = new Map();
  for (const message of messages) {
    const own = chats.get(message.to) ?? [];
    chats.delete(message.to); // the chat with the newest message comes last
    chats.set(message.to, [...own, message]);
  }
  const rows = [...chats].reverse().map(([to, own]) => chatRow(to, own));
  byId("chats").replaceChildren(...rows);
  byId("empty").hidden = rows.length > 0;
}

function drawMessages() {
  const list = byId("messages");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const nodes = [];
  let shown = "";
  for (const message of messages.filter((each) => each.to === opened())) {
    const today = day(message.accepted_at);
    if (today !== shown) nodes.push(make("li", "day", today));
    shown = today;
    nodes.push(bubble(message));
  }
  list.replaceChildren(...nodes);
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function draw() {
  const to = opened();
  document.body.classList.toggle("in-chat", Boolean(to));
  byId("name").textContent = who(to);
  byId("number").textContent = who(to) === number(to) ? "" : number(to);
  byId("avatar").className = to ? colour(to) : "avatar";
  byId("avatar").textContent = lastDigits(to);
  drawChats();
  drawMessages();
}

async function follow() {
  for (let revision = -1; ; ) {
    try {
      const answer = await fetch(`/inbox.json?limit=${SHOWN}&after=${revision}`);
      const news = await answer.json();
      if (news.revision !== revision) {
        ({ revision, names, messages } = news);
        draw();
      }
      byId("state").textContent = "Live";
    } catch {
      byId("state").textContent = "Not reachable, trying again";
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}

addEventListener("hashchange", () => {
  draw();
  byId("messages").scrollTop = byId("messages").scrollHeight;
});
narrow.addEventListener("change", draw);
follow();
