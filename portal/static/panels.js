// Fills every <figure data-panel> with its panel of Grafana. Where Grafana does not answer, the portal's own chart, which
// lies in the figure's <template>, takes its place until it does; charts.js draws it.

const PATIENCE = 6_000; // milliseconds until no answer is an answer
const AGAIN = 60_000;
const figures = [...document.querySelectorAll("figure[data-panel]")];
const note = document.querySelector("[data-panels-away]");

let range = document.querySelector("[data-ranges] [aria-current]")?.dataset.range || "24h";
let shown = null; // "panels" or "charts"

function address(figure) {
  const found = new URL(figure.dataset.panel, location.origin);
  found.searchParams.set("from", `now-${range}`);
  found.searchParams.set("to", "now");
  return found.href;
}

function asked(url, accept) {
  return fetch(url, { headers: { Accept: accept, "X-Live": "1" }, signal: AbortSignal.timeout(PATIENCE) });
}

// The whole way is tried: session, proxy, Grafana. A page that is not Grafana's own is no answer; and since Grafana has
// the same page for every uid, whether the dashboard is there is asked too.
async function answers() {
  const page = address(figures[0]);
  const [, uid] = page.match(/\/d-solo\/([^/?]+)/);
  try {
    const [solo, dashboard] = await Promise.all([asked(page, "text/html"), asked(`/grafana/api/dashboards/uid/${uid}`, "application/json")]);
    return solo.ok && dashboard.ok && (await solo.text()).includes("grafanaBootData");
  } catch {
    return false;
  }
}

function showPanels() {
  for (const figure of figures) {
    figure.querySelector(".chart")?.remove();
    const frame = figure.querySelector("iframe");
    frame.src = address(figure);
    frame.hidden = false;
    say(figure, "");
  }
}

function showCharts() {
  for (const figure of figures) {
    const frame = figure.querySelector("iframe");
    frame.hidden = true;
    frame.removeAttribute("src");
    const chart = figure.querySelector("template").content.firstElementChild.cloneNode(true);
    chart.dataset.params = JSON.stringify({ ...JSON.parse(chart.dataset.params), range });
    figure.append(chart);
    say(figure, "");
  }
  document.dispatchEvent(new Event("charts"));
}

function say(figure, text) {
  figure.querySelector(".panel-state").textContent = text;
}

async function look() {
  const now = (await answers()) ? "panels" : "charts";
  note.hidden = now === "panels";
  if (now === shown) return;
  shown = now;
  if (now === "panels") showPanels();
  else showCharts();
}

// charts.js puts the range into the page's address; panels that are shown follow.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-ranges] a[data-range]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  range = link.dataset.range;
  if (shown === "panels") showPanels();
});

if (figures.length) {
  setInterval(() => document.hidden || look(), AGAIN);
  document.addEventListener("visibilitychange", () => document.hidden || look());
  look();
}
