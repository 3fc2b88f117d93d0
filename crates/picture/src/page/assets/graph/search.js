// Search: by name, op, scope or id, in the drawing and in the groups that are closed in it.

let hits = [], hit = -1;

/** What can be found in the drawing. */
function findable(level) {
  return level.nodes.map((node, index) => ({ node, label: level.label(index) })).filter(({ node }) => node.kind !== 'hidden');
}

/** What the program finds in the groups that are closed. */
function findInside(level, wanted) {
  const reply = ask('find', wanted);
  if (!reply || !reply.found) return [];
  const shown = new Set(level.nodes.filter(({ kind }) => kind !== 'layer').map(({ id }) => id));
  return reply.found.filter(({ id }) => !shown.has(id)).map(node => ({ node, label: node.label, isInside: true }));
}

/** Finds what was typed, marks it in the drawing, and lists it. `go` is called with a node that is chosen. */
function search(level, go) {
  const wanted = at('query').value.trim().toLowerCase();
  const said = ({ name, op, symbol, id, scope }) => [name, op, symbol, id, scope].filter(Boolean).join('\n').toLowerCase();
  hits = wanted ? [...findable(level).filter(({ node }) => said(node).includes(wanted)), ...findInside(level, wanted)] : [];
  hit = -1;
  markHits(level);
  at('found').textContent = wanted ? `${hits.length} found` : '';
  at('previous-found').disabled = at('next-found').disabled = hits.length === 0;
  listHits(go);
}

function markHits(level) {
  level.markNodes('hit', hits.map(({ node }) => level.counterpart(node)));
}

const mostListed = 200;

function listHits(go) {
  const rows = hits.slice(0, mostListed).map(({ node, label, isInside }, index) => {
    const where = [node.kind === 'op' ? node.symbol : node.kind, isInside ? (node.scope ? `in ${node.scope}, closed` : 'closed') : node.kind === 'layer' ? null : node.scope];
    return make('li', '', button('link', () => { nextHit(index - hit, go); at('hits').hidden = true; }, label, make('span', 'quiet', `  ${where.filter(Boolean).join(', ')}`)));
  });
  if (hits.length > mostListed) rows.push(make('li', 'quiet', `and ${hits.length - mostListed} more`));
  at('hits').replaceChildren(...rows);
  at('hits').hidden = rows.length === 0;
}

/** Goes on by so many hits, around the end. */
function nextHit(by, go) {
  if (hits.length === 0) return;
  hit = ((hit < 0 && by < 0 ? hits.length : hit) + by + hits.length) % hits.length;
  at('found').textContent = `${hit + 1} of ${hits.length}`;
  go(hits[hit].node);
}

/** Moves along the list of hits with the arrow keys; from its first row back to the words. */
function moveInHits(event) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key], rows = [...at('hits').querySelectorAll('button')];
  if (!by || at('hits').hidden) return false;
  const next = rows.indexOf(document.activeElement) + by;
  (next < 0 ? at('query') : rows[Math.min(next, rows.length - 1)]).focus();
  return true;
}
