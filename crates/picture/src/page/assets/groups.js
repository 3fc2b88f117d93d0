// Groups: each combination of open groups that is shown is a drawing that was carried along.

const places = [...document.querySelectorAll('.drawing')];
const made = new Map();

/** A drawing with its data, made when it is first shown. */
function levelAt(index) {
  if (!made.has(index)) made.set(index, new Level(data.levels[index], places[index]));
  return made.get(index);
}

/** Whether a scope lies in another, or is it. */
const isWithin = (scope, outer) => scope === outer || scope.startsWith(`${outer}/`);

/** The drawing with exactly these groups open, by its position; −1 if it was not carried along. */
function drawingOf(open) {
  return data.levels.findIndex(({ open: known = [] }) => known.length === open.length && known.every(scope => open.includes(scope)));
}

/** Groups in the order in which the reader opened them, the last one first. */
let openedLast = [];

/** The drawing to show when a group is opened or closed: with all others as they are, or else as many of those that were
    opened last as there is a drawing for. */
function afterToggle(level, scope) {
  const open = [...level.open];
  if (level.open.has(scope)) {
    const without = drawingOf(open.filter(each => !isWithin(each, scope)));
    return without >= 0 ? without : drawingOf([]);
  }
  const around = openable.filter(each => isWithin(scope, each));
  const rank = each => (openedLast.includes(each) ? openedLast.indexOf(each) : openedLast.length);
  const others = open.filter(each => !around.includes(each)).sort((a, b) => rank(a) - rank(b));
  for (let kept = others.length; kept >= 0; kept -= 1) {
    const index = drawingOf([...around, ...others.slice(0, kept)]);
    if (index >= 0) return index;
  }
  return drawingOf(openable);
}

/** The innermost open group that a node stands in, or the closed one that it is; none if it is in none. */
function groupOf(level, index) {
  const { kind, scope } = level.nodes[index] || {};
  if (!scope) return null;
  if (kind === 'layer') return openable.includes(scope) ? scope : null;
  const around = openable.filter(each => isWithin(scope, each) && level.open.has(each));
  return around.sort((a, b) => b.length - a.length)[0] || null;
}

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
    const view = whole(to), isOpened = scope && to.open.has(scope) && view.scale < 0.45;
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

/** The name of a group: a scope's own, or what stands on the box. */
const groupNames = new Map(data.facts.filter(({ kind, name }) => kind === 'layer' && name).map(({ scope, name }) => [scope, name]));
const groupName = scope => {
  const name = groupNames.get(scope) || scope;
  return scope.endsWith(name) ? scope : name;
};

/** The list of groups in the side, each a switch. */
function groupList(level, toggle) {
  if (openable.length === 0) return [];
  const list = make('ul', 'chips');
  for (const scope of openable) {
    const open = level.open.has(scope);
    const each = button('chip-button', () => toggle(scope), make('span', 'count', open ? '▾ ' : '▸ '), make('bdi', '', groupName(scope)));
    each.setAttribute('aria-pressed', String(open));
    each.title = open ? `Close ${groupName(scope)}` : `Open ${groupName(scope)}`;
    each.dataset.group = scope;
    each.disabled = afterToggle(level, scope) < 0;
    list.append(make('li', '', each));
  }
  const most = Math.max(...data.levels.map(({ open = [] }) => open.length).filter(count => count < openable.length));
  const hint = most < openable.length - 1 ? make('p', 'quiet', `Up to ${most} can be open at a time${drawingOf(openable) < 0 ? '' : ', or all'}.`) : null;
  return [make('h2', 'small', 'Groups'), list, hint].filter(Boolean);
}
