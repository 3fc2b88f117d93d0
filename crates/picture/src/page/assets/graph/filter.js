// Putting away kinds of nodes: constants, parameters, or all nodes of one op.

const putAway = new Set();

/** The word by which a node is put away; none for those that always stay. */
function wordOf(node) {
  if (node.kind === 'op') return (node.op || node.symbol || '').replace(/\(.*/s, '');
  return ['input', 'parameter', 'constant'].includes(node.kind) ? node.kind : null;
}

function applyFilter(level) {
  const away = index => putAway.has(wordOf(level.nodes[index]));
  level.markNodes('away', [...level.nodes.keys()].filter(away));
  level.markEdges('away', level.edges.filter(edge => away(edge.from) || away(edge.to)));
}

/** The list of kinds in the side, each a switch. */
function filterList(level) {
  const counts = new Map();
  for (const node of level.nodes) {
    const word = wordOf(node);
    if (word) counts.set(word, (counts.get(word) || 0) + 1);
  }
  if (counts.size < 2) return [];
  const leaves = ['input', 'parameter', 'constant'], list = make('ul', 'chips');
  const words = [...counts.keys()].sort((a, b) => leaves.includes(b) - leaves.includes(a) || (a < b ? -1 : 1));
  for (const word of words) {
    const each = button('chip-button', () => {
      if (!putAway.delete(word)) putAway.add(word);
      each.setAttribute('aria-pressed', String(!putAway.has(word)));
      applyFilter(level);
    }, make('bdi', '', word), make('span', 'count', ` ${counts.get(word)}`));
    each.setAttribute('aria-pressed', String(!putAway.has(word)));
    each.dataset.word = word;
    list.append(make('li', '', each));
  }
  return [make('h2', 'small', 'Shown'), list];
}
