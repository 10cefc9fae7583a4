// Small helpers for the page: elements, bars, a line chart.

export const find = (id) => document.getElementById(id);

/** An element; properties that it lacks become attributes. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties))
    if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const percent = (share) => (share > 0 && share < 0.005 ? "<1%" : `${Math.round(100 * share)}%`);

/** A labelled bar of a share, with the paper's mark {share: [low, high]} if there is one. */
export function bar(label, share, { kind = "", paper, note = "" } = {}) {
  const track = make("div", { className: "track" }), filled = make("div", { className: `filled ${kind}` });
  filled.style.width = `${100 * share}%`;
  track.append(filled);
  if (paper) {
    const mark = make("div", { className: "mark", title: `the paper: ${span(paper)}` });
    mark.style.left = `${50 * (paper[0] + paper[1])}%`;
    track.append(mark);
  }
  const said = `${percent(share)}${note}`, words = paper ? `${said} (paper: ${span(paper)})` : said;
  return make("div", { className: "bar", role: "img", "aria-label": `${label}: ${words}` },
    make("span", { className: "label" }, label), track, make("span", { className: "share" }, words));
}

const tenths = (share) => Math.round(1000 * share) / 10;
const span = ([low, high]) => (low === high ? `${tenths(low)}%` : `${tenths(low)}–${tenths(high)}%`);

const SVG = "http://www.w3.org/2000/svg";
function draw(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Losses by step: runs {label, kind, losses, dots (the course's)}; the axis has `steps`. */
export function lossChart(runs, steps) {
  const [width, height, left, top, bottom] = [640, 252, 44, 12, 48];
  const most = Math.max(1, ...runs.flatMap((run) => [...run.losses, ...(run.dots ?? [])])) * 1.05;
  const x = (step) => left + ((step - 1) / (steps - 1)) * (width - left - 12);
  const y = (loss) => top + (1 - loss / most) * (height - top - bottom);
  const last = runs.map((r) => (r.losses.length ? `${r.label}: ${r.losses.at(-1).toFixed(2)} after step ${r.losses.length}` : ""));
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", class: "chart",
    "aria-label": `Line chart of the loss by step. ${last.filter(Boolean).join("; ")}` });
  for (let tick = 0; tick <= most; tick += 0.5) {
    svg.append(draw("line", { x1: left, x2: width - 12, y1: y(tick), y2: y(tick), class: "grid" }));
    svg.append(draw("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, tick.toFixed(1)));
  }
  for (let step = 3; step <= steps; step += 3)
    svg.append(draw("text", { x: x(step), y: height - bottom + 18, "text-anchor": "middle" }, step));
  svg.append(draw("text", { x: (width + left) / 2, y: height - 4, "text-anchor": "middle" }, "optimizer step"));
  for (const { kind, losses, dots = [] } of runs) {
    const points = losses.map((loss, i) => `${x(i + 1)},${y(loss)}`).join(" ");
    svg.append(draw("polyline", { points, class: `line ${kind}` }));
    dots.forEach((loss, i) => svg.append(draw("circle", { cx: x(i + 1), cy: y(loss), r: 3.5, class: "dot" })));
  }
  const key = make("p", { className: "key" });
  for (const { label, kind } of runs) key.append(make("span", { className: `swatch ${kind}` }), ` ${label}  `);
  if (runs.some((run) => run.dots?.length)) key.append(make("span", { className: "swatch ring" }), " the course's run, in PyTorch");
  return make("figure", {}, make("figcaption", {}, "Loss, in nats a token"), svg, key);
}
