// Histograms: bars for one moment, and a row of bars for each where there are several.

/** A shape of the drawing's kind. */
function shapeOf(tag, className, places = {}) {
  const shape = document.createElementNS(document.querySelector('.drawing svg').namespaceURI, tag);
  if (className) shape.setAttribute('class', className);
  for (const [key, value] of Object.entries(places)) shape.setAttribute(key, value);
  return shape;
}

/** A number as it is drawn, such as 4.6×10⁻⁴. */
const numberOf = text => Number(text.replaceAll('−', '-').replace(/(^|-|×)10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)$/, (_, before, digits) => `${before === '×' ? '' : `${before}1`}e${[...digits].map(one => (one === '⁻' ? '-' : '⁰¹²³⁴⁵⁶⁷⁸⁹'.indexOf(one))).join('')}`));
const barsWide = 240, barsHigh = 66;

/** Adds the bars of a histogram between two heights, along an axis from `low` to `high`. */
function addBars(svg, bins, { low, high, top, bottom, named }) {
  const most = Math.max(...bins.counts), count = bins.counts.length;
  const from = numberOf(bins.low), to = numberOf(bins.high);
  const x = value => (high > low ? barsWide * (value - low) / (high - low) : 0);
  const step = high > low && to > from ? (x(to) - x(from)) / count : barsWide / 24;
  bins.counts.forEach((elements, index) => {
    if (elements === 0) return;
    // An interval that holds anything is seen.
    const tall = Math.max(1.5, (bottom - top) * elements / most), wide = Math.max(step - 1, 1);
    const left = Math.min(x(from) + index * step + 0.5, barsWide - wide);
    const bar = shapeOf('rect', '', { x: left, y: bottom - tall, width: wide, height: tall });
    const said = shapeOf('title');
    said.textContent = named ? `${named}: ${elements} elements` : `${elements} elements`;
    bar.append(said);
    svg.append(bar);
  });
}

function barsFrame(height, className, said) {
  return shapeOf('svg', `bars ${className}`, { viewBox: `0 0 ${barsWide} ${height}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': said });
}

function ends(low, high) {
  return make('div', 'ends', make('span', '', low), make('span', '', high));
}

/** A histogram as bars with the smallest and the largest element below. */
function histogram(bins, title, className) {
  const most = Math.max(...bins.counts);
  const svg = barsFrame(barsHigh, className, `${title}: from ${bins.low} to ${bins.high}, at most ${most} elements in one of ${bins.counts.length} intervals`);
  const low = numberOf(bins.low), high = numberOf(bins.high);
  addBars(svg, bins, { low, high, top: 4, bottom: barsHigh });
  const more = [bins.zeros && `${bins.zeros} exactly 0`, bins.notFinite && `${bins.notFinite} NaN or infinite`];
  const total = bins.counts.reduce((sum, elements) => sum + elements, 0) + bins.notFinite;
  const line = [`${total} elements`, ...more].filter(Boolean).join(', ');
  return [make('h3', '', title), svg, ends(bins.low, bins.high), make('div', 'quiet', line)];
}

/** The histograms of all moments on one axis, the first at the top; that of the moment that is shown stands out. */
function histogramsOverTime(all, now, title, className) {
  const known = all.filter(Boolean);
  if (known.length < 2) return [];
  const lowest = known.reduce((a, b) => (numberOf(b.low) < numberOf(a.low) ? b : a)).low;
  const highest = known.reduce((a, b) => (numberOf(b.high) > numberOf(a.high) ? b : a)).high;
  const [low, high] = [numberOf(lowest), numberOf(highest)];
  const row = Math.max(10, Math.min(22, 200 / all.length)), height = row * all.length;
  const svg = barsFrame(height, `${className} rows`, `${title} at ${all.length} moments, from ${lowest} to ${highest}`);
  svg.style.height = `${height}px`;
  all.forEach((bins, index) => {
    const group = shapeOf('g', index === now ? 'moment here' : 'moment');
    group.append(shapeOf('line', '', { x1: 0, x2: barsWide, y1: row * (index + 1) - 0.5, y2: row * (index + 1) - 0.5 }));
    if (bins) addBars(group, bins, { low, high, top: row * index + 1, bottom: row * (index + 1) - 0.5, named: moments[index].label });
    svg.append(group);
  });
  return [make('h3', '', `${title} at all moments`), svg, ends(lowest, highest)];
}
