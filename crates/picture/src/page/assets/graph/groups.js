// Groups, opened and closed by the page's program.

/** Whether a scope lies in another, or is it. */
const isWithin = (scope, outer) => scope === outer || scope.startsWith(`${outer}/`);

/** The innermost open group that a node stands in, or the closed one that it is; none if it is in none. */
function groupOf(level, index) {
  const node = level.nodes[index];
  if (!node || !data.live) return null;
  if (node.kind === 'layer') return node.opens || null;
  const around = level.groups.map(group => group.scope).filter(scope => scope && node.scope && isWithin(node.scope, scope));
  return around.sort((a, b) => b.length - a.length)[0] || null;
}

/** Whether a group is closed: it stands as a box. */
const isClosed = (level, scope) => level.nodes.some((_, index) => level.opens(index) === scope);

/** A shape without its label, which stands out of a frame. */
const outlineOf = shape => shape.querySelector('.frame') || shape;

/** Where the middle of some shapes is on the screen, from the middle of the stage. */
function seenAt(level, shapes) {
  const { x, y } = boxOf(shapes), view = level.view;
  return { x: (x - view.x) * view.scale, y: (y - view.y) * view.scale };
}

/** The view of some shapes with some room around them; none if there are none. */
function viewOf(shapes) {
  if (shapes.length === 0) return null;
  const { width, height } = stageSize(), { left, right, top, bottom, x, y } = boxOf(shapes);
  return { x, y, scale: Math.min(width / (right - left + 120), height / (bottom - top + 80), 1) };
}

/** The view of another drawing that keeps what is looked at in its place: a scope's box or frame, or a node. */
function carriedView(from, to, scope) {
  const before = whole(from), now = from.view;
  // Who sees all of it goes on seeing all of it; but a group that is opened is shown large enough to be read.
  const seesAll = !now || (Math.abs(now.scale / before.scale - 1) < 0.01 && Math.hypot(now.x - before.x, now.y - before.y) * now.scale < 2);
  if (seesAll) {
    const view = whole(to), isOpened = scope && !isClosed(to, scope) && view.scale < 0.45;
    return isOpened ? viewOf(to.shapesOf(scope)) || view : view;
  }
  const pairs = scope ? [[from, to].map(level => level.shapesOf(scope).map(outlineOf))] : [];
  const nearest = [...from.nodes.keys()].map(index => [Math.hypot(...Object.values(seenAt(from, [from.shapes[index]]))), index]).sort((a, b) => a[0] - b[0]);
  for (const [, index] of nearest.slice(0, 8)) {
    const other = to.counterpart(from.nodes[index]);
    if (other >= 0) pairs.push([[from.shapes[index]], [to.shapes[other]]]);
  }
  const pair = pairs.find(([here, there]) => here.length > 0 && there.length > 0);
  if (!pair) return whole(to);
  const at = seenAt(from, pair[0]), box = boxOf(pair[1]);
  return { x: box.x - at.x / now.scale, y: box.y - at.y / now.scale, scale: now.scale };
}

/** Names of groups as their boxes say them, by the name that opens them. */
const groupNames = new Map();
const groupName = scope => {
  const name = groupNames.get(scope) || scope;
  return scope.endsWith(name) ? scope : name;
};

const mostGroups = 60;

/** The list of groups in the side: those that are open, and the closed ones in the drawing, each a switch. */
function groupList(level, toggle) {
  if (!data.live) return [];
  level.nodes.forEach((node, index) => { if (level.opens(index) && node.name) groupNames.set(level.opens(index), node.name); });
  const closed = new Set(level.nodes.map((_, index) => level.opens(index)).filter(Boolean));
  const opened = [...level.open].filter(scope => !closed.has(scope));
  const all = [...new Set([...opened, ...closed])].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  if (all.length === 0) return [];
  const list = make('ul', 'chips');
  for (const scope of all.slice(0, mostGroups)) {
    const open = !closed.has(scope);
    const each = button('chip-button', () => toggle(scope), make('span', 'count', open ? '▾ ' : '▸ '), make('bdi', '', groupName(scope)));
    each.setAttribute('aria-pressed', String(open));
    each.title = open ? `Close ${groupName(scope)}` : `Open ${groupName(scope)}`;
    each.dataset.group = scope;
    list.append(make('li', '', each));
  }
  const more = all.length > mostGroups ? make('p', 'quiet', `and ${all.length - mostGroups} more`) : null;
  return [make('h2', 'small', 'Groups'), list, more].filter(Boolean);
}
