// Fills every <figure data-chart> of the page from /charts/NAME, keeps it fresh, and says what is wrong where it cannot.

import { amount, duration } from "./chart-format.js";

const FRESH = 60_000; // milliseconds
const WORDS = { "24h": "the last 24 hours", "7d": "the last 7 days", "30d": "the last 30 days", "1y": "the last year" };

// Loaded so that a page without it can say so.
const library = import("./chart-plot.js").catch(() => null);

class Chart {
  constructor(figure) {
    this.figure = figure;
    this.area = figure.querySelector(".chart-area");
    this.state = figure.querySelector(".chart-state");
    this.params = JSON.parse(figure.dataset.params || "{}");
    this.asked = 0;
    this.table = null;
    this.clear = () => {};
  }

  get title() {
    return this.figure.dataset.title || this.answer?.title || "Chart";
  }

  async load() {
    const turn = ++this.asked;
    const [answer, trouble] = await fetched(this.figure.dataset.chart, this.params);
    const drawing = await library;
    if (turn !== this.asked) return; // another range was chosen meanwhile
    if (!drawing) this.say("The chart library is missing on this server. Operators: run make setup.");
    else if (trouble || answer.away) this.lost(trouble || `${answer.away}. It will be drawn as soon as it can be.`);
    else this.show(answer, drawing);
  }

  // What was drawn stays, with the reason why it gets no further.
  lost(text) {
    if (!this.answer) this.area.hidden = true;
    this.say(text);
  }

  show(answer, drawing) {
    this.answer = answer;
    this.drawing = drawing;
    const found = answer.series.some((one) => one.values.some((value) => value !== null));
    this.clear();
    this.clear = () => {};
    this.area.hidden = !found;
    this.tabulate(found);
    if (!found) {
      this.say(`Nothing was measured in ${WORDS[this.params.range] || "this time"}.`);
      return;
    }
    this.clear = drawing.plot(this.area, answer);
    this.area.setAttribute("role", "img");
    this.area.setAttribute("aria-label", `Chart: ${this.title}, ${WORDS[this.params.range]}. The table below has its figures.`);
    this.say(answer.more ? `${answer.more} more are not drawn.` : "");
  }

  redraw() {
    if (this.answer) this.show(this.answer, this.drawing);
  }

  say(text) {
    if (this.state.textContent !== text) this.state.textContent = text;
  }

  // Last, mean and highest of each line: the legend, and the chart for who does not see it.
  tabulate(found) {
    this.table?.remove();
    this.table = null;
    if (!found) return;
    const { series, unit, plans, thresholds } = this.answer;
    const colours = this.drawing.palette(series.length);
    const table = document.createElement("table");
    table.className = "chart-figures";
    table.append(row("th", ["", "Last", "Mean", "Peak"]));
    series.forEach((one, index) => {
      const line = row("td", [one.label, ...figures(one.values).map((value) => amount(value, unit))]);
      line.firstChild.prepend(this.drawing.swatch(colours[index]));
      table.append(line);
    });
    const across = [...plans.map((one) => ({ label: one.label, value: one.values.at(-1) })), ...thresholds];
    for (const one of across) {
      const line = row("td", [one.label, amount(one.value, unit), "", ""]);
      line.firstChild.prepend(this.drawing.swatch(null));
      table.append(line);
    }
    if (this.answer.mean_seconds) {
      const caption = document.createElement("caption");
      caption.textContent = `Each point is the mean of ${duration(this.answer.mean_seconds)}.`;
      table.prepend(caption);
    }
    this.table = table;
    this.area.after(table);
  }
}

async function fetched(name, params) {
  try {
    const response = await fetch(`/charts/${encodeURIComponent(name)}?${new URLSearchParams(params)}`, { headers: { Accept: "application/json", "X-Live": "1" } });
    if (response.ok) return [await response.json(), null];
    if (response.status === 401) return [null, "You are logged out. Load the page again to log in."];
    if (response.status === 404) return [null, "There is nothing to draw here any more."];
    return [null, "The chart could not be loaded. It will be tried again in a minute."];
  } catch {
    return [null, "The portal does not answer. It will be tried again in a minute."];
  }
}

function figures(values) {
  const known = values.filter((value) => value !== null);
  if (!known.length) return [null, null, null];
  const sum = known.reduce((total, value) => total + value, 0);
  return [values.at(-1), sum / known.length, known.reduce((most, value) => Math.max(most, value))];
}

function row(kind, texts) {
  const line = document.createElement("tr");
  texts.forEach((text, index) => {
    const cell = document.createElement(index ? kind : text ? "th" : "td");
    if (cell.tagName === "TH") cell.scope = index ? "col" : "row";
    cell.append(text);
    line.append(cell);
  });
  return line;
}

let charts = [];
const load = () => charts.forEach((chart) => chart.load());

// panels.js puts charts into the page and takes them away.
function find() {
  charts = [...document.querySelectorAll("figure[data-chart]")].map((figure) => charts.find((chart) => chart.figure === figure) || new Chart(figure));
  load();
}
document.addEventListener("charts", find);

// Another range without another page; the address follows, so that a link or a reload shows the same.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-ranges] a[data-range]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  document.querySelectorAll("[data-ranges] a").forEach((other) => {
    if (other.dataset.range === link.dataset.range) other.setAttribute("aria-current", "true");
    else other.removeAttribute("aria-current");
  });
  history.replaceState(null, "", link.href);
  charts.forEach((chart) => (chart.params.range = link.dataset.range));
  load();
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach((chart) => chart.redraw()));
document.addEventListener("visibilitychange", () => document.hidden || load());
setInterval(() => document.hidden || load(), FRESH);
find();
