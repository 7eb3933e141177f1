// Short notices in the corner. Text only ever becomes text nodes, so nothing in it can be run.

const MOST = 4;
const STAYS = 12_000; // ms; a critical one stays until it is put away or others need its place

function make(tag, className, ...content) {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...content);
  return node;
}

function title(notice) {
  const name = make("bdi", "", notice.title);
  const link = make("a", "", name);
  link.href = notice.url;
  const node = make("p", "", notice.ended ? "Over: " : "", link);
  return node;
}

// {level: critical|warning|info|ended, title, text, url, ended}
export function toast(notice) {
  const stack = document.getElementById("toasts");
  const level = ["critical", "warning", "ended"].includes(notice.level) ? notice.level : "info";
  const shape = make("span", "toast-shape", { critical: "■", warning: "◆", ended: "✓", info: "●" }[level]);
  shape.setAttribute("aria-hidden", "true");
  const close = make("button", "", "✕");
  close.type = "button";
  close.setAttribute("aria-label", "Dismiss");
  const node = make("div", `toast ${level}`, shape, title(notice), make("small", "", make("bdi", "", notice.text)), close);
  node.setAttribute("role", level === "critical" ? "alert" : "status");
  close.addEventListener("click", () => node.remove());
  stack.append(node);
  while (stack.children.length > MOST) (stack.querySelector(".toast:not(.critical)") ?? stack.firstElementChild).remove();
  if (level !== "critical") leave(node);
}

// Not while it is being read: under the pointer, or with the focus in it.
function leave(node) {
  setTimeout(() => (node.matches(":hover, :focus-within") ? leave(node) : node.remove()), STAYS);
}
