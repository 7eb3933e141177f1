// Numbers and times as people read them, the same as portal/format.py writes them on the pages.

const STEPS = [[1e12, "Tbps"], [1e9, "Gbps"], [1e6, "Mbps"], [1e3, "kbps"]];

// Three figures: 158, 15.8, 1.58, without zeros at the end.
function figures(value) {
  const size = Math.abs(value);
  return String(Number(value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2)));
}

function bandwidth(value) {
  for (const [size, unit] of STEPS) {
    if (Math.abs(value) >= size * 0.9995) return `${figures(value / size)} ${unit}`;
  }
  return `${figures(value)} bps`;
}

// What is below 100 % is never rounded up to it.
function percent(value) {
  const share = value * 100;
  if (share >= 99 && share < 100) return `${Math.floor(share * 1000 + 1e-6) / 1000} %`;
  return `${Number(share.toFixed(Math.abs(share) >= 10 ? 0 : Math.abs(share) >= 1 ? 1 : 2))} %`;
}

const WRITE = {
  bps: bandwidth,
  ratio: percent,
  seconds: (value) => `${figures(value * 1000)} ms`,
  celsius: (value) => `${figures(value)} °C`,
};

// A value with its unit; a dash for one that is not known.
export function amount(value, unit) {
  return value === null || value === undefined ? "—" : WRITE[unit](value);
}

export function duration(seconds) {
  if (seconds < 3600) return `${seconds / 60} minutes`;
  return seconds === 3600 ? "an hour" : seconds === 86400 ? "a day" : `${seconds / 3600} hours`;
}

// Times in the provider's zone, on a clock of 24 hours, whatever the browser's are.
export function clock(timezone) {
  const write = (options) => {
    const format = new Intl.DateTimeFormat("en-GB", { timeZone: timezone, hourCycle: "h23", ...options });
    return (seconds) => format.format(new Date(seconds * 1000));
  };
  return {
    hour: write({ hour: "2-digit", minute: "2-digit" }),
    day: write({ day: "numeric", month: "short" }),
    whole: write({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }),
  };
}
