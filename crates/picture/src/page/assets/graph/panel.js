// The side: what is known of a node, how to read the drawing, and what a check said.

/** A path or an op's attributes, which may go on in the next line behind a sign. */
const breakable = text => text.split(/(?<=[/,_:])/).flatMap(part => [part, document.createElement('wbr')]);

/** Rows of a list of terms; those that say nothing are left out. */
function terms(rows) {
  const list = make('dl');
  for (const [term, said, className] of rows) if (said) list.append(make('dt', '', term), make('dd', className || '', ...(className === 'code' ? breakable(said) : [said])));
  return list;
}

/** Links to the nodes at the other ends of edges. */
function relatives(level, title, edges, other, said, go) {
  if (edges.length === 0) return [];
  const list = make('ul');
  for (const edge of edges) {
    const numbers = [edge.value && make('span', 'whole', `▶ ${edge.value}`), edge.gradient && make('span', 'whole gradient-text', `◀ ${edge.gradient}`)];
    list.append(make('li', '', button('link', () => go(edge[other]), said(edge), ...numbers.filter(Boolean).flatMap(each => ['  ', each]))));
  }
  return [make('h3', '', title), list];
}

/** Writes what is known of a node. `go` selects a node of the level; `ways` are buttons into its group and out of it. */
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
  parts.push(facts, ...numberEditor(index));
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
  const ties = level.ties[index].map(other => (node.backward ? { from: other } : { to: other }));
  if (node.backward) parts.push(...relatives(level, 'Part of the reverse pass of', ties, 'from', edge => level.label(edge.from), go));
  else parts.push(...relatives(level, 'Its reverse pass', ties, 'to', edge => level.label(edge.to), go));
  parts.push(...pathsAt(index));
  const overTime = level.overTime(index);
  for (const [key, title, className] of [['valueBins', 'Value', 'of-value'], ['gradientBins', 'Gradient', 'of-gradient']]) {
    if (node[key]) parts.push(...histogram(node[key], title, className));
    parts.push(...histogramsOverTime(overTime.map(numbers => numbers[key]), level.moment, title, className));
  }
  if (ways.length > 0) parts.splice(1, 0, make('div', 'ways', ...ways.map(([said, action]) => button('', action, said))));
  at('panel').replaceChildren(...parts);
}

/** A small drawing for the key, with the classes of the large one. */
function sample(className, shape) {
  const svg = shapeOf('svg', '', { viewBox: '0 0 72 26', 'aria-hidden': 'true' }), group = shapeOf('g', className);
  group.append(...shape.map(part => shapeOf(...part)));
  svg.append(group);
  return svg;
}

/** Writes how to read the drawing, with the lists of what can be opened and put away. */
function writeKey(level, lists) {
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
    holder.append(sample(kind, shape));
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
  if (level.ties.some(others => others.length > 0)) {
    key.append(make('span', '', 'red outline'), make('span', '', 'recorded by the reverse pass; point at a node to see what belongs to it'));
  }
  const count = `${level.nodes.filter(node => node.kind !== 'output' && node.kind !== 'hidden').length} nodes, ${level.edges.length} arrows`;
  at('panel').replaceChildren(...lists, make('h2', '', 'How to read it'), make('p', 'quiet', `${count}. Click a node for more; press ? for the keys.`), key);
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
      make('td', 'verdict', `${markSigns[node.mark]} ${markWords[node.mark]}`),
      make('td', '', button('row-link', () => go(index), level.label(index))),
      make('td', '', says));
    row.addEventListener('click', event => { if (!event.target.closest('button')) go(index); });
    body.append(row);
  }
  const head = make('tr', '', ...['mark', 'node', 'what it says'].map(name => make('th', '', name)));
  at('check').replaceChildren(make('h2', '', 'Check'), make('table', '', make('thead', '', head), body));
}
