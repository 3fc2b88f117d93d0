// The side: what is known of a node, how to read the drawing, and what a check said.

/** A path or an op's attributes, which may go on in the next line behind a slash or a comma. */
const breakable = text => text.split(/(?<=[/,])/).flatMap(part => [part, document.createElement('wbr')]);

/** Rows of a list of terms; those that say nothing are left out. */
function terms(rows) {
  const list = make('dl');
  for (const [term, said, className] of rows) if (said) list.append(make('dt', '', term), make('dd', className || '', ...(className === 'code' ? breakable(said) : [said])));
  return list;
}

/** A histogram as bars with the smallest and the largest element below. */
function histogram(level, bins, title, className) {
  const space = level.svg.namespaceURI;
  const svg = document.createElementNS(space, 'svg');
  const most = Math.max(...bins.counts), count = bins.counts.length, wide = 240 / count;
  svg.setAttribute('class', `bars ${className}`);
  svg.setAttribute('viewBox', '0 0 240 66');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', `${title}: from ${bins.low} to ${bins.high}, at most ${most} elements in one of ${count} intervals`);
  bins.counts.forEach((elements, index) => {
    if (elements === 0) return;
    const bar = document.createElementNS(space, 'rect');
    // An interval that holds anything is seen.
    const high = Math.max(1.5, 62 * elements / most);
    bar.setAttribute('x', index * wide + 0.5);
    bar.setAttribute('y', 66 - high);
    bar.setAttribute('width', wide - 1);
    bar.setAttribute('height', high);
    const said = document.createElementNS(space, 'title');
    said.textContent = `${elements} elements`;
    bar.append(said);
    svg.append(bar);
  });
  const more = [bins.zeros && `${bins.zeros} exactly 0`, bins.notFinite && `${bins.notFinite} NaN or infinite`];
  const total = bins.counts.reduce((sum, elements) => sum + elements, 0) + bins.notFinite;
  const line = [`${total} elements`, ...more].filter(Boolean).join(', ');
  const ends = make('div', 'ends', make('span', '', bins.low), make('span', '', bins.high));
  return [make('h3', '', title), svg, ends, make('div', 'quiet', line)];
}

/** Links to the nodes at the other ends of edges. */
function relatives(level, title, edges, other, said, go) {
  if (edges.length === 0) return [];
  const list = make('ul');
  for (const edge of edges) {
    const numbers = [edge.value && `  ▶ ${edge.value}`, edge.gradient && make('span', 'gradient-text', `  ◀ ${edge.gradient}`)];
    list.append(make('li', '', button('link', () => go(edge[other]), said(edge), ...numbers)));
  }
  return [make('h3', '', title), list];
}

/** Writes what is known of a node. `go` selects a node of the level; a layer gets buttons for `ways` into it. */
function writeNode(level, index, go, ways) {
  const node = level.nodes[index], parts = [];
  parts.push(make('h2', '', level.label(index)));
  const constants = (node.constants || []).map(([operand, value]) => `${letter(level, index, operand)} = ${value}`).join(', ');
  const facts = terms([
    ['kind', node.kind + (node.backward ? ', recorded by the reverse pass' : '')],
    ['op', node.kind === 'op' ? node.op : null, 'code'],
    ['formula', node.formula],
    ['constants', constants],
    ['shape', node.shape],
    ['value', node.value],
    ['gradient', node.gradient, 'gradient-text'],
    ['scope', node.scope],
    ['recorded', node.source, 'code'],
    ['check', node.mark && `${markSigns[node.mark]} ${markWords[node.mark]}`],
  ]);
  parts.push(facts);
  for (const finding of node.findings || []) parts.push(make('div', `finding is-${node.mark || 'none'}`, finding));
  if (!node.op) parts.push(make('p', 'quiet lines', node.tooltip || ''));
  if (node.rules) {
    parts.push(make('h3', '', 'What it hands back'));
    for (const [operand, rule] of node.rules) parts.push(make('div', 'gradient-text', `d${letter(level, index, operand)} = ${rule}`));
  }
  const operand = edge => (node.kind === 'op' ? `${letter(level, index, edge.operand)}: ${level.label(edge.from)}` : level.label(edge.from));
  const consumer = edge => {
    const to = level.nodes[edge.to];
    return to.kind === 'op' ? `${level.label(edge.to)}, as ${letter(level, edge.to, edge.operand)}` : level.label(edge.to);
  };
  parts.push(...relatives(level, 'Computed from', level.into[index], 'from', operand, go));
  parts.push(...relatives(level, 'Used by', level.outOf[index], 'to', consumer, go));
  if (node.valueBins) parts.push(...histogram(level, node.valueBins, 'Value', 'of-value'));
  if (node.gradientBins) parts.push(...histogram(level, node.gradientBins, 'Gradient', 'of-gradient'));
  if (ways.length > 0) parts.splice(1, 0, make('div', 'ways', ...ways.map(([said, action]) => button('', action, said))));
  at('panel').replaceChildren(...parts);
}

/** A small drawing for the key, with the classes of the large one. */
function sample(level, kind, className, shape) {
  const space = level.svg.namespaceURI;
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 72 26');
  svg.setAttribute('aria-hidden', 'true');
  const group = document.createElementNS(space, 'g');
  group.setAttribute('class', className);
  for (const [tag, own, places] of shape) {
    const part = document.createElementNS(space, tag);
    part.setAttribute('class', own);
    for (const [key, value] of Object.entries(places)) part.setAttribute(key, value);
    group.append(part);
  }
  svg.append(group);
  return svg;
}

/** Writes how to read the drawing, and which keys there are. */
function writeKey(level) {
  const plate = rx => ['rect', 'body', { x: 8, y: 3, width: 56, height: 20, rx }];
  const shapes = {
    op: ['an operation', [['circle', 'body', { cx: 36, cy: 13, r: 11 }]]],
    input: ['an input', [plate(10)]],
    parameter: ['a parameter, which is trained', [plate(3), ['rect', 'inner', { x: 11, y: 6, width: 50, height: 14, rx: 1 }]]],
    constant: ['a constant', [plate(3)]],
    layer: ['a layer of several nodes', [plate(8)]],
  };
  const key = make('div', 'key');
  for (const [kind, [said, shape]] of Object.entries(shapes)) {
    if (!level.nodes.some(node => node.kind === kind)) continue;
    const holder = make('div', 'chainrule swatch');
    holder.append(sample(level, kind, kind, shape));
    key.append(holder, make('span', '', said));
  }
  if (level.edges.some(edge => edge.value && !edge.isShape)) {
    key.append(make('span', '', '▶ above'), make('span', '', 'the value that runs forward along an arrow'));
  }
  if (level.edges.some(edge => edge.gradient)) {
    key.append(make('span', 'gradient-text', '◀ below'), make('span', '', 'the gradient that comes back along it; – was not computed'));
  }
  if (level.nodes.some((node, index) => node.gradient && level.outOf[index].length > 1)) {
    key.append(make('span', 'gradient-text', 'Σ'), make('span', '', 'at a node: the sum of what comes back to it'));
  }
  const keys = make('div', 'key');
  const all = [['←  →', 'step back, step on'], ['Home  End', 'first and last step'], ['Space', 'play, pause'], ['Esc', 'leave the steps'],
    ['+  −  0', 'zoom, show all'], ['/', 'search'], ['Tab  Enter', 'next node, open it']];
  for (const [name, said] of all) keys.append(make('kbd', '', name), make('span', '', said));
  const count = `${level.nodes.filter(node => node.kind !== 'output' && node.kind !== 'hidden').length} nodes, ${level.edges.length} arrows`;
  at('panel').replaceChildren(make('h2', '', 'How to read it'), make('p', 'quiet', `${count}. Click a node for more.`), key, make('h3', '', 'Keys'), keys);
}

/** Writes the table of a check, the worst first; nothing if no node was checked. */
function writeCheck(level, go) {
  const order = Object.keys(markSigns).reverse();
  const rows = level.nodes.map((node, index) => [node, index]).filter(([node]) => node.mark);
  // An op is at fault; what a leaf gets is the consequence.
  const rank = node => 2 * order.indexOf(node.mark) + (node.kind === 'op' || node.kind === 'layer' ? 0 : 1);
  rows.sort(([a, i], [b, j]) => rank(a) - rank(b) || i - j);
  at('check').hidden = rows.length === 0;
  const body = make('tbody');
  for (const [node, index] of rows) {
    const says = (node.findings || []).join('; ') || (node.mark === 'right' ? 'its rule agrees with differences' : markWords[node.mark]);
    const row = make('tr', `is-${node.mark}`,
      make('td', 'verdict', `${markSigns[node.mark]} ${node.mark}`),
      make('td', '', button('row-link', () => go(index), level.label(index))),
      make('td', '', says));
    row.addEventListener('click', event => { if (!event.target.closest('button')) go(index); });
    body.append(row);
  }
  const head = make('tr', '', ...['mark', 'node', 'what it says'].map(name => make('th', '', name)));
  at('check').replaceChildren(make('h2', '', 'Check'), make('table', '', make('thead', '', head), body));
}
