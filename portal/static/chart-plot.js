// Draws one chart with uPlot: lines or a stack, the lines across it, what is under the pointer.

import uPlot from "./vendor/uPlot.esm.js";
import { amount, clock } from "./chart-format.js";

const COLOURS = 12; // --chart-1 ... in charts.css
const ROOM = 1.08; // above the highest point
const LEAST = { bps: 1000, ratio: 0.01, seconds: 0.001, celsius: 10 }; // the top of an axis of nothing but zeros
const HEIGHT = 224;

// `answer` is what /charts/NAME gives; `area` the element to draw into. The returned function takes the chart away.
export function plot(area, answer) {
  const look = getComputedStyle(document.documentElement);
  const colours = answer.series.map((_, index) => look.getPropertyValue(`--chart-${(index % COLOURS) + 1}`).trim());
  const drawn = answer.stacked ? stack(answer.series) : answer.series.map((one) => one.values);
  const order = [...drawn.keys()];
  if (answer.stacked) order.reverse(); // the whole first, so that what is below it stays in sight
  const lines = across(answer, drawn);
  const tip = pointer(area, answer, colours);
  const chart = new uPlot(
    {
      width: area.clientWidth,
      height: HEIGHT,
      padding: [10, 6, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), answer.timezone),
      scales: {
        x: { range: () => [answer.times[0], answer.times.at(-1)] },
        y: { range: () => [0, top(answer, drawn, lines)] },
      },
      axes: axes(answer, look),
      series: [{}, ...order.map((index) => line(drawn[index], colours[index], answer, index)), ...answer.plans.map(() => plan(look))],
      // Each line of a stack is filled down to the one below it.
      bands: answer.stacked ? order.slice(1).map((_, at) => ({ series: [at + 1, at + 2] })) : undefined,
      hooks: { draw: [(u) => rulers(u, lines, answer.plans, look)], setCursor: [tip.move] },
    },
    [answer.times, ...order.map((index) => drawn[index]), ...answer.plans.map((one) => one.values)],
    area,
  );
  const fit = new ResizeObserver(() => {
    if (area.clientWidth && area.clientWidth !== chart.width) chart.setSize({ width: area.clientWidth, height: HEIGHT });
  });
  fit.observe(area);
  return () => {
    fit.disconnect();
    chart.destroy();
    tip.remove();
  };
}

// Sums from below. What is not known of one is no part of the sum and a gap of its own.
function stack(series) {
  const sums = new Array(series[0].values.length).fill(0);
  return series.map((one) =>
    one.values.map((value, at) => {
      if (value === null) return null;
      sums[at] += value;
      return sums[at];
    }),
  );
}

function highest(lists) {
  let found = 0;
  for (const values of lists) for (const value of values) if (value !== null && value > found) found = value;
  return found;
}

// A line across so far above all points that it would press them flat is told below the chart alone.
function across(answer, drawn) {
  const peak = highest(drawn);
  return answer.thresholds.filter((one) => answer.unit === "bps" || one.value <= peak * 3);
}

function top(answer, drawn, lines) {
  const peak = Math.max(highest(drawn), highest(answer.plans.map((one) => one.values)), ...lines.map((one) => one.value), LEAST[answer.unit]);
  return answer.unit === "ratio" && peak <= 1 && peak * ROOM > 1 ? 1.02 : peak * ROOM;
}

function line(values, colour, answer, index) {
  const alone = lonely(values);
  const fill = answer.stacked ? `${colour}80` : index === 0 ? `${colour}26` : undefined;
  return {
    stroke: colour,
    width: 1.5,
    fill,
    spanGaps: false,
    points: { show: alone.length > 0, size: 4, fill: colour, filter: () => alone },
  };
}

// What was bought changes from one moment to the next: steps, dashed as the lines across are.
function plan(look) {
  return { stroke: limit(look), width: 1.5, dash: [6, 4], paths: uPlot.paths.stepped({ align: 1 }), spanGaps: false, points: { show: false } };
}

// A point with a gap on both sides is no line: it is drawn as a dot.
function lonely(values) {
  const known = (at) => values[at] !== null && values[at] !== undefined;
  return values.flatMap((_, at) => (known(at) && !known(at - 1) && !known(at + 1) ? [at] : []));
}

function axes(answer, look) {
  const time = clock(answer.timezone);
  const ink = look.getPropertyValue("--soft").trim();
  const grid = { stroke: look.getPropertyValue("--line").trim(), width: 1 };
  const shared = { stroke: ink, grid, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  const days = (splits, step) => splits.map((at) => (step >= 86400 || time.hour(at) === "00:00" ? time.day(at) : time.hour(at)));
  const room = (u, texts) => (texts ? Math.max(...texts.map((text) => text.length)) * 6.6 + 14 : 60);
  return [
    { ...shared, space: 56, size: 30, values: (u, splits, axis, space, step) => days(splits, step) },
    { ...shared, space: 34, size: room, values: (u, splits) => splits.map((at) => (at ? amount(at, answer.unit) : "0")) },
  ];
}

const limit = (look) => look.getPropertyValue("--chart-limit").trim();

// Dashed lines across, and the names of these and of the plans at their right ends.
function rulers(u, lines, plans, look) {
  u.ctx.save();
  u.ctx.strokeStyle = u.ctx.fillStyle = limit(look);
  for (const one of lines) {
    dashes(u, one.value);
    name(u, one.label, one.value);
  }
  for (const one of plans) if (one.values.at(-1) !== null) name(u, one.label, one.values.at(-1));
  u.ctx.restore();
}

function dashes(u, value) {
  const { ctx, bbox } = u;
  const at = height(u, value);
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, at);
  ctx.lineTo(bbox.left + bbox.width, at);
  ctx.stroke();
}

function name(u, label, value) {
  const { ctx, bbox } = u;
  const at = height(u, value);
  const ratio = devicePixelRatio;
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = "right";
  ctx.textBaseline = at - bbox.top > 16 * ratio ? "bottom" : "top";
  ctx.fillText(label, bbox.left + bbox.width - 4 * ratio, at + (ctx.textBaseline === "top" ? 3 : -2) * ratio);
}

const height = (u, value) => Math.round(u.valToPos(value, "y", true)) + 0.5;

// What the lines are at the pointer. Everything is put in as text.
function pointer(area, answer, colours) {
  const time = clock(answer.timezone);
  const box = document.createElement("div");
  box.className = "chart-tip";
  box.hidden = true;
  area.append(box);
  const fill = (at) => {
    const when = document.createElement("b");
    when.textContent = time.whole(answer.times[at]);
    const rows = [...answer.series, ...answer.plans].map((one, index) => {
      const row = document.createElement("span");
      row.append(swatch(colours[index] ?? null), `${one.label} ${amount(one.values[at], answer.unit)}`);
      return row;
    });
    box.replaceChildren(when, ...rows);
  };
  const move = (u) => {
    const { idx, left } = u.cursor;
    box.hidden = idx === null || idx === undefined || left < 0;
    if (box.hidden) return;
    fill(idx);
    const x = u.over.offsetLeft + left;
    const beside = x + 14 + box.offsetWidth > area.clientWidth ? Math.max(0, x - 14 - box.offsetWidth) : x + 14;
    box.style.transform = `translate(${beside}px, 8px)`; // by the style object, which the CSP allows
  };
  return { move, remove: () => box.remove() };
}

// A dab of a line's colour, dashes for a line across; also for the table below the chart.
export function swatch(colour) {
  const dab = document.createElement("i");
  dab.className = colour ? "chart-swatch" : "chart-swatch across";
  dab.setAttribute("aria-hidden", "true");
  if (colour) dab.style.background = colour;
  return dab;
}

// The colours of the lines, as the page's light or dark look has them.
export function palette(count) {
  const look = getComputedStyle(document.documentElement);
  return Array.from({ length: count }, (_, index) => look.getPropertyValue(`--chart-${(index % COLOURS) + 1}`).trim());
}
