// The page: which groups are open, which node is selected, which step is told; and what the reader does.

let pickedAt = -1000;
let level = null, selected = -1, position = -1, playing = 0;

/** Selects a node, lights what it is computed from and used by, and tells what is known of it; −1 for none. */
function select(index) {
  selected = index;
  const near = index < 0 ? [] : [...level.into[index], ...level.outOf[index]];
  level.markNodes('selected', index < 0 ? [] : [index]);
  level.markNodes('relative', near.map(edge => (edge.from === index ? edge.to : edge.from)));
  showTies(-1);
  if (position < 0) level.markEdges('lit', near);
  if (index < 0) writeKey(level, [...groupList(level, toggle), ...filterList(level)]);
  else writeNode(level, index, follow, waysAt(index));
  writeAddress();
}

/** Lights a node's counterparts of the other pass: of the one that is pointed at, or else of the selected one. */
function showTies(pointedAt) {
  const index = pointedAt >= 0 ? pointedAt : selected;
  const ties = index >= 0 ? level.ties[index] : [];
  level.markNodes('tied', ties.length > 0 && pointedAt >= 0 ? [index, ...ties] : ties);
}

/** Selects a node and goes there. */
function visit(index) {
  select(index);
  flyToNode(level, index);
}

/** The same, and moves the focus to it: what had it may be gone. */
function follow(index) {
  visit(index);
  focusOn(level.shapes[index]);
}

function focusOn(shape) {
  if (shape) shape.focus({ preventScroll: true });
}

/** Goes to a node wherever it stands, opening the groups around it. */
function visitNode(node) {
  const index = level.counterpart(node);
  if (index >= 0 && (node.kind === 'layer' || level.nodes[index].kind !== 'layer')) return visit(index);
  const scope = index >= 0 ? groupOf(level, index) : null;
  return request(['show', node.id], scope, () => {
    const found = level.counterpart(node);
    if (found >= 0) visit(found);
  });
}

/** What opens or closes the group at a node. */
function waysAt(index) {
  const scope = groupOf(level, index);
  if (!scope) return [];
  const name = groupName(scope);
  return [[isClosed(level, scope) ? `Open ${name}` : `Close ${name}`, () => { toggle(scope); focusOn(level.shapesOf(scope)[0]); }]];
}

/** Opens or closes a group; keeps the selection, the step, the view and the focus. */
function toggle(scope) {
  request([isClosed(level, scope) ? 'open' : 'close', scope], scope);
}

/** Has the program draw another state, which is shown; says why if it cannot be drawn. */
function request(what, scope, then) {
  if (!program) return begun.then(() => { if (program) request(what, scope, then); });
  const { problem, state, open, svg } = ask(...what);
  at('told').textContent = problem || '';
  if (problem) return undefined;
  changeLevel(new Level(state, open, placeOf(svg)), scope);
  return then && then();
}

/** Shows another state. */
function changeLevel(next, scope) {
  const before = level, focus = focusOf(before);
  pause();
  level = next;
  next.takeMoment(moment);
  land();
  // Both are there while the one is measured against the other.
  if (before) stage.append(next.place);
  show(next, whole(next));
  const view = before ? carriedView(before, next, scope) : firstView(next);
  if (before) before.place.remove();
  show(next, view);
  position = before ? sameStep(before, position, next) : -1;
  tellPosition();
  markHits(next);
  applyFilter(next);
  writeCheck(next, visit);
  select(before && selected >= 0 ? next.counterpart(before.nodes[selected]) : -1);
  restore(focus, scope);
  // A button that has the focus stays enabled, so that the focus is not lost.
  const closed = next.nodes.some((_, index) => next.opens(index)), opened = next.open.size > 0;
  at('open-all').setAttribute('aria-disabled', String(!closed));
  at('close-all').setAttribute('aria-disabled', String(!opened));
  at('groups').hidden = !(closed || opened);
}

/** What has the focus: a node or a frame of the drawing, or a switch in the list of groups. */
function focusOf(level) {
  const active = document.activeElement, shape = level && active && active.closest('.node');
  if (shape) return { node: level.nodes[level.shapes.indexOf(shape)] };
  if (active && active.closest('.group')) return { isFrame: true };
  if (active && active.dataset.edit) return { field: active.dataset.edit };
  return active && active.dataset.group ? { group: active.dataset.group } : null;
}

function restore(focus, scope) {
  if (!focus) return;
  if (focus.field) return focusOn(document.querySelector('[data-edit]'));
  if (focus.group) return focusOn([...document.querySelectorAll('[data-group]')].find(each => each.dataset.group === focus.group));
  const index = focus.node ? level.counterpart(focus.node) : -1;
  // Whoever opened a box goes on at the frame around what was in it.
  const isOpened = index >= 0 && focus.node.kind === 'layer' && level.nodes[index].kind !== 'layer';
  focusOn(index >= 0 && !isOpened ? level.shapes[index] : level.shapesOf(scope || (focus.node || {}).scope)[0]);
}

/** Shows the numbers of the moment that the slider is at. */
function showMoment() {
  level.takeMoment(moment);
  position = Math.min(position, level.steps.length - 1);
  tellPosition();
  select(selected);
}

/** Shows and tells the step that we are at, or the whole graph. */
function tellPosition() {
  const count = level.steps.length, isOn = position >= 0;
  paintStep(level, position);
  hideAnswer(level, position);
  tellStep(level, position);
  at('position').max = Math.max(count - 1, 0);
  at('position').value = Math.max(position, 0);
  at('where').textContent = isOn ? `step ${position + 1} of ${count}` : `${count} steps`;
  at('position').setAttribute('aria-valuetext', isOn ? `step ${position + 1} of ${count}: ${level.label(level.steps[position].node)}` : 'not started');
  for (const id of ['first-step', 'back', 'play', 'forth', 'last-step', 'position']) at(id).disabled = count === 0;
  at('leave').disabled = !isOn;
}

function goTo(step) {
  if (level.steps.length === 0) return;
  // Whoever begins to walk wants to read the digits; after that the zoom is the reader's.
  const least = position < 0 ? 0.9 : 0;
  if (position < 0) select(-1);
  position = Math.min(Math.max(step, 0), level.steps.length - 1);
  tellPosition();
  keepInSight(level, level.steps[position].node, least);
}

function leaveSteps() {
  pause();
  position = -1;
  tellPosition();
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

let chosenTheme = null;
const prefersDark = matchMedia('(prefers-color-scheme: dark)'), printing = matchMedia('print');

/** Light or dark: as chosen, or else as the reader's system; paper is light. */
function applyTheme() {
  const theme = printing.matches ? 'light' : chosenTheme || (prefersDark.matches ? 'dark' : 'light');
  document.documentElement.dataset.theme = theme;
  at('theme').textContent = theme === 'dark' ? 'Light' : 'Dark';
}

function watchTheme() {
  applyTheme();
  prefersDark.addEventListener('change', applyTheme);
  at('theme').addEventListener('click', () => {
    chosenTheme = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
    applyTheme();
  });
  // On paper stands the whole drawing, however it was moved.
  printing.addEventListener('change', () => {
    applyTheme();
    if (printing.matches && level) level.svg.setAttribute('viewBox', `0 0 ${level.size.width} ${level.size.height}`);
    else if (level) show(level, level.view);
  });
}

/** A click on the drawing: on a node, on the label of a group, or on nothing. Two on a closed group open it. */
function picked(target) {
  at('hits').hidden = true;
  const shape = target && target.closest('.node');
  const index = shape ? level.shapes.indexOf(shape) : -1;
  if (index >= 0) {
    const again = index === selected && performance.now() - pickedAt < 450, { kind } = level.nodes[index];
    pickedAt = performance.now();
    if (again && level.opens(index)) return toggle(level.opens(index));
    return select(kind === 'hidden' ? -1 : index);
  }
  const label = target && target.closest('.frame-label, .frame-plate');
  return label ? closeFrame(label.closest('.closable')) : select(-1);
}

function closeFrame(frame) {
  const group = frame && level.groups.find(each => each.id === frame.dataset.id);
  if (group) toggle(group.scope);
}

/** The node that has the focus, or else the selected one. */
function currentNode() {
  const shape = document.activeElement && document.activeElement.closest('.node');
  return shape ? level.shapes.indexOf(shape) : selected;
}

/** Goes along an arrow, against it or with it. */
function walk(edges, end) {
  const index = currentNode(), edge = index >= 0 && level[edges][index].find(each => level.nodes[each[end]].kind !== 'hidden');
  if (edge) follow(edge[end]);
}

function toggleAtNode() {
  const frame = document.activeElement && document.activeElement.closest('.closable');
  if (frame) return closeFrame(frame);
  const scope = groupOf(level, currentNode());
  if (scope) toggle(scope);
}

/** What Escape leaves, one thing at a time. */
function leave() {
  if (!at('hits').hidden) { at('hits').hidden = true; return; }
  leaveSteps();
  select(-1);
}

const keys = {
  ArrowRight: () => { pause(); goTo(position + 1); },
  ArrowLeft: () => { pause(); if (position >= 0) goTo(position - 1); },
  ArrowUp: () => walk('into', 'from'),
  ArrowDown: () => walk('outOf', 'to'),
  Home: () => { pause(); goTo(0); },
  End: () => { pause(); goTo(level.steps.length - 1); },
  ' ': play,
  Escape: leave,
  '+': () => zoom(level, 1.25),
  '=': () => zoom(level, 1.25),
  '-': () => zoom(level, 0.8),
  0: () => flyTo(level, whole(level)),
  '/': () => at('query').focus(),
  o: toggleAtNode,
  ',': () => { endRun(); goToMoment(moment - 1, showMoment); },
  '.': () => { endRun(); goToMoment(moment + 1, showMoment); },
  '?': () => at('help').showModal(),
};

document.addEventListener('keydown', event => {
  if (!level) return;
  if ((event.ctrlKey || event.metaKey) && event.key === 'z' && !event.target.closest('input') && edits.length > 0) { event.preventDefault(); undo(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || at('help').open) return;
  // A field keeps all keys.
  if (event.target.closest('#panel input, #story input, #playground')) return;
  const shape = event.target.closest && event.target.closest('.node, .closable');
  if (shape && (event.key === 'Enter' || event.key === ' ')) {
    event.preventDefault();
    return shape.matches('.node') ? select(level.shapes.indexOf(shape)) : closeFrame(shape);
  }
  const typing = event.target === at('query');
  if ((typing || at('hits').contains(event.target)) && moveInHits(event)) return event.preventDefault();
  if (typing && event.key !== 'Escape') return;
  if (typing) { at('query').value = ''; search(level, visitNode); return; }
  // A slider keeps its own keys, a button its space bar.
  if (event.target === at('moment') && /^(Arrow|Home|End|Page)/.test(event.key)) return;
  if (event.key === ' ' && event.target.closest('button')) return;
  const action = keys[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

document.addEventListener('focusin', event => {
  const shape = level && event.target.closest('.node');
  if (shape && level.shapes.includes(shape)) keepInSight(level, level.shapes.indexOf(shape));
});

stage.addEventListener('pointerover', event => {
  const shape = event.target.closest('.node');
  if (level) showTies(shape ? level.shapes.indexOf(shape) : -1);
});

at('search').addEventListener('submit', event => event.preventDefault());
at('query').addEventListener('input', () => search(level, visitNode));
at('query').addEventListener('keydown', event => {
  if (event.key === 'Enter') { event.preventDefault(); nextHit(event.shiftKey ? -1 : 1, visitNode); }
});
const clicks = {
  'next-found': () => nextHit(1, visitNode), 'previous-found': () => nextHit(-1, visitNode),
  'zoom-in': keys['+'], 'zoom-out': keys['-'], fit: keys[0], 'show-help': keys['?'],
  'first-step': keys.Home, back: keys.ArrowLeft, play, forth: keys.ArrowRight, 'last-step': keys.End, leave: leaveSteps,
  'open-all': () => request(['all'], null), 'close-all': () => request(['only'], null), 'skip': () => at('panel').focus(),
};
for (const [id, action] of Object.entries(clicks)) at(id).addEventListener('click', action);
at('predict').addEventListener('click', () => {
  predicts = !predicts;
  revealed.clear();
  at('predict').setAttribute('aria-pressed', String(predicts));
  if (predicts && position < 0) return goTo(0);
  return tellPosition();
});
for (const [id, action] of Object.entries({ undo, 'reset-numbers': resetNumbers })) at(id).addEventListener('click', action);
at('position').addEventListener('input', () => { pause(); goTo(Number(at('position').value)); });

/** Shows the first state, and starts the program if the page carries one. */
async function begin() {
  let rest = null;
  if (data.live) [data.state, rest] = takeState(await bytesOf('carried'));
  changeLevel(new Level(data.state, data.open || [], document.querySelector('.drawing')), null);
  prepareTimeline(showMoment);
  preparePlayground();
  watchStage(() => level, picked);
  new ResizeObserver(() => { if (!printing.matches) show(level, level.view); }).observe(stage);
  if (!rest) return;
  try {
    await startProgram(rest);
  } catch (problem) {
    program = null;
    at('groups').hidden = true;
    at('told').textContent = `Groups and numbers stay as they are: ${problem.message}`;
    return;
  }
  select(selected);
  readAddress();
}

watchTheme();
const begun = begin();
