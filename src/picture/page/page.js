// The page: which level is shown, which node is selected, which step is told; and what the reader does.

const places = [...document.querySelectorAll('.drawing')];
const levels = data.levels.map((known, index) => new Level(known, places[index]));
// A drawing with one layer open is reached from that layer, not by the switch.
const switched = levels.filter(each => !each.open);
let pickedAt = -1000;
let level = levels[0], selected = -1, position = -1, results = [], result = -1, playing = 0;

/** Selects a node, lights what it is computed from and used by, and tells what is known of it; −1 for none. */
function select(index) {
  selected = index;
  const near = index < 0 ? [] : [...level.into[index], ...level.outOf[index]];
  level.markNodes('selected', index < 0 ? [] : [index]);
  level.markNodes('relative', near.map(edge => (edge.from === index ? edge.to : edge.from)));
  if (position < 0) level.markEdges('lit', near);
  if (index < 0) writeKey(level);
  else writeNode(level, index, visit, waysInto(index));
}

/** Selects a node and goes there. */
function visit(index) {
  select(index);
  flyToNode(level, index);
}

/** The drawings that show what is inside a layer, each with a word for the way there; none for another node. */
function waysInto(index) {
  const { kind, scope, members } = level.nodes[index];
  if (kind !== 'layer' || !members) return [];
  const shows = other => members.some(id => other.indexOf(id) >= 0);
  const ways = [['Open it here', levels.find(other => other.open === scope && shows(other))], ['Show every node', levels.find(other => !other.open && shows(other))]];
  return ways.filter(([, other]) => other).map(([said, other]) => [said, () => {
    changeLevel(other);
    visit(other.indexOf(members.filter(id => other.indexOf(id) >= 0).pop()));
  }]);
}

/** Closes a frame: shows its layer as one box, if it is one among whole layers. */
function closeFrame(group) {
  const boxOf = other => other.nodes.findIndex(node => node.kind === 'layer' && node.name === group.label);
  const other = levels.find(other => other !== level && !other.open && boxOf(other) >= 0);
  if (!other) return select(-1);
  changeLevel(other);
  visit(boxOf(other));
}

function changeLevel(next) {
  leaveSteps();
  select(-1);
  level = next;
  levels.forEach(other => { other.place.hidden = other !== next; });
  [...at('levels').children].forEach((button, index) => button.setAttribute('aria-pressed', String((next.open ? 'Layers' : next.name) === switched[index].name)));
  if (!level.view) show(level, whole(level));
  at('position').max = Math.max(level.steps.length - 1, 0);
  for (const id of ['first-step', 'back', 'play', 'forth', 'last-step', 'position']) at(id).disabled = level.steps.length === 0;
  writeCheck(level, visit);
  // Once more, for the level that is shown now.
  leaveSteps();
  select(-1);
  search();
}

function goTo(step) {
  if (level.steps.length === 0) return;
  // Whoever begins to walk wants to read the digits; after that the zoom is the reader's.
  const least = position < 0 ? 0.9 : 0;
  if (position < 0) select(-1);
  position = Math.min(Math.max(step, 0), level.steps.length - 1);
  paintStep(level, position);
  tellStep(level, position);
  at('position').value = position;
  at('where').textContent = `step ${position + 1} of ${level.steps.length}`;
  at('leave').disabled = false;
  keepInSight(level, level.steps[position].node, least);
}

function leaveSteps() {
  pause();
  position = -1;
  paintStep(level, -1);
  tellStep(level, -1);
  at('position').value = 0;
  at('where').textContent = `${level.steps.length} steps`;
  at('leave').disabled = true;
}

function pause() {
  clearInterval(playing);
  playing = 0;
  at('play').textContent = 'Play';
}

function play() {
  if (playing) return pause();
  goTo(position + 1 < level.steps.length ? position + 1 : 0);
  at('play').textContent = 'Pause';
  playing = setInterval(() => {
    if (position + 1 < level.steps.length) goTo(position + 1);
    if (position + 1 >= level.steps.length) pause();
  }, 1400);
}

/** Finds the nodes whose name, op, scope or id holds what was typed. */
function search() {
  const wanted = at('query').value.trim().toLowerCase();
  const said = node => [node.name, node.op, node.symbol, node.id, node.scope].filter(Boolean).join('\n').toLowerCase();
  results = wanted ? [...level.nodes.keys()].filter(index => level.nodes[index].kind !== 'hidden' && said(level.nodes[index]).includes(wanted)) : [];
  result = -1;
  levels.forEach(other => other.markNodes('hit', other === level ? results : []));
  at('found').textContent = wanted ? `${results.length} found` : '';
  at('previous-found').disabled = at('next-found').disabled = results.length === 0;
}

function nextResult(by) {
  if (results.length === 0) return;
  result = result < 0 ? (by > 0 ? 0 : results.length - 1) : (result + by + results.length) % results.length;
  at('found').textContent = `${result + 1} of ${results.length}`;
  visit(results[result]);
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  at('theme').textContent = theme === 'dark' ? 'Light' : 'Dark';
}

function watchTheme() {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  let chosen = false;
  setTheme(dark.matches ? 'dark' : 'light');
  dark.addEventListener('change', () => { if (!chosen) setTheme(dark.matches ? 'dark' : 'light'); });
  at('theme').addEventListener('click', () => {
    chosen = true;
    setTheme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
  });
}

/** A click on the drawing: on a node, on the label of a frame, or on nothing. Two on a layer open it. */
function picked(target) {
  const shape = target.closest('.node');
  const index = shape ? level.shapes.indexOf(shape) : -1;
  if (index >= 0) {
    const again = index === selected && performance.now() - pickedAt < 450, ways = waysInto(index);
    pickedAt = performance.now();
    if (again && ways.length > 0) return ways[0][1]();
    return select(level.nodes[index].kind === 'hidden' ? -1 : index);
  }
  const frame = target.closest('.group');
  const group = frame && target.closest('.frame-label, .frame-plate') && level.groups.find(group => group.id === frame.dataset.id);
  return group ? closeFrame(group) : select(-1);
}

const keys = {
  ArrowRight: () => { pause(); goTo(position + 1); },
  ArrowLeft: () => { pause(); if (position >= 0) goTo(position - 1); },
  Home: () => { pause(); goTo(0); },
  End: () => { pause(); goTo(level.steps.length - 1); },
  ' ': play,
  Escape: () => { leaveSteps(); select(-1); },
  '+': () => zoom(level, 1.25),
  '=': () => zoom(level, 1.25),
  '-': () => zoom(level, 0.8),
  0: () => flyTo(level, whole(level)),
  '/': () => at('query').focus(),
};

document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const shape = event.target.closest && event.target.closest('.node');
  if (shape && (event.key === 'Enter' || event.key === ' ')) {
    event.preventDefault();
    return select(level.shapes.indexOf(shape));
  }
  const typing = event.target === at('query');
  if (typing && event.key !== 'Escape') return;
  if (typing) { at('query').value = ''; search(); return; }
  if (event.key === ' ' && event.target.closest('button')) return;
  const action = keys[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

document.addEventListener('focusin', event => {
  const shape = event.target.closest('.node');
  if (shape && level.shapes.includes(shape)) keepInSight(level, level.shapes.indexOf(shape));
});

at('search').addEventListener('submit', event => event.preventDefault());
at('query').addEventListener('input', search);
at('query').addEventListener('keydown', event => {
  if (event.key === 'Enter') { event.preventDefault(); nextResult(event.shiftKey ? -1 : 1); }
});
const clicks = {
  'next-found': () => nextResult(1), 'previous-found': () => nextResult(-1),
  'zoom-in': keys['+'], 'zoom-out': keys['-'], fit: keys[0],
  'first-step': keys.Home, back: keys.ArrowLeft, play, forth: keys.ArrowRight, 'last-step': keys.End, leave: leaveSteps,
};
for (const [id, action] of Object.entries(clicks)) at(id).addEventListener('click', action);
at('position').addEventListener('input', () => { pause(); goTo(Number(at('position').value)); });

if (switched.length > 1) {
  for (const each of switched) at('levels').append(button('', () => changeLevel(each), each.name));
}
watchTheme();
watchStage(() => level, picked);
changeLevel(level);
new ResizeObserver(() => show(level, level.view)).observe(stage);
