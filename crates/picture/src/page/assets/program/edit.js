// Numbers that the reader changes: the program computes all others anew.

/** What was changed, in order: node, element, moment, the number before and after, as text. */
let edits = [];
let waiting = null;

/** A number as the program takes it and a field shows it: the shortest digits that say it exactly. */
const exactly = x => (typeof x === 'number' ? (Object.is(x, -0) ? '-0' : String(x)) : String(x));
/** A number for a reader, with as many digits as are asked for. */
const shortly = (x, digits = 6) => (typeof x === 'number' ? String(Number(x.toPrecision(digits))).replaceAll('-', '−') : String(x));

const isPicture = reply => Boolean(reply.state);

/** Gives an element another number. The drawing keeps its places as long as the reader goes on. */
function setNumber(id, element, text) {
  const reply = ask('set', id, element, moment, text);
  at('told').textContent = reply.problem || '';
  if (reply.problem) return false;
  if (isPicture(reply)) changeLevel(new Level(reply.state, reply.open, placeOf(reply.svg)), null);
  else takeNumbers(reply.moments[0]);
  return true;
}

/** Shows other numbers at the same places. */
function takeNumbers(numbers) {
  level.known.moments[moment] = numbers;
  level.moment = -1;
  level.takeMoment(moment, true);
  position = Math.min(position, level.steps.length - 1);
  tellPosition();
}

/** Changes a number and remembers it, so that it can be undone; a drag is one change. */
function edit(id, element, text, before) {
  if (!setNumber(id, element, text)) return false;
  const last = edits[edits.length - 1];
  if (last && last.id === id && last.element === element && last.moment === moment && last.isOpen) last.after = text;
  else edits.push({ id, element, moment, before, after: text, isOpen: true });
  tellEdits();
  return true;
}

/** Once per picture on the screen, and with the last number. */
function editSoon(...change) {
  if (!waiting) requestAnimationFrame(() => { const next = waiting; waiting = null; next(); });
  waiting = () => { edit(...change); refreshEditor(); };
}

let settling = false;

/** The reader has let go: the drawing is laid out for its numbers. */
function settle() {
  // A field that is taken away with the focus in it says that it has changed.
  if (settling) return;
  settling = true;
  if (waiting) { const next = waiting; waiting = null; next(); waiting = null; }
  for (const change of edits) change.isOpen = false;
  const reply = ask('draw');
  if (reply && isPicture(reply)) changeLevel(new Level(reply.state, reply.open, placeOf(reply.svg)), null);
  tellEdits();
  settling = false;
}

function undo() {
  const last = edits.pop();
  if (!last) return;
  if (moment !== last.moment) goToMoment(last.moment, showMoment);
  setNumber(last.id, last.element, last.before);
  settle();
}

function resetNumbers() {
  const reply = ask('reset');
  if (!reply || !isPicture(reply)) return;
  edits = [];
  changeLevel(new Level(reply.state, reply.open, placeOf(reply.svg)), null);
  tellEdits();
}

/** Shows what can be undone, and puts it into the address, so that it can be shared. */
function tellEdits() {
  at('edits').hidden = edits.length === 0;
  writeAddress();
}

/** What is known of the numbers of a node; nothing where the program does not run. */
function elementsOf(index) {
  const node = level.nodes[index];
  if (!program || !node || ['layer', 'output', 'hidden'].includes(node.kind)) return null;
  const known = ask('elements', node.id, 0, moment);
  return known.problem ? null : known;
}

let editing = { id: null, element: 0 };
/** What follows the numbers while they are changed. */
let refreshEditor = () => {};

/** The numbers of a node, to be read and, of leaves, to be changed. */
function numberEditor(index) {
  refreshEditor = () => {};
  const known = elementsOf(index), node = level.nodes[index];
  if (!known) return [];
  const parts = [];
  if (known.recorded) parts.push(make('p', 'quiet', 'A page cannot compute this op: it keeps the number that was recorded, and so does what depends on it.'));
  if (!known.value) {
    if (node.kind !== 'op' && node.value) parts.push(make('p', 'quiet', 'Too large to be carried by the page: its numbers stay as they were recorded.'));
    return parts;
  }
  if (editing.id !== node.id) editing = { id: node.id, element: 0 };
  editing.element = Math.min(editing.element, known.count - 1);
  const isOne = known.count === 1;
  const grid = isOne ? null : gridOf(known, node);
  if (grid) parts.push(make('h3', '', 'Elements'), grid.shape);
  if (known.editable) parts.push(...fieldsOf(node, known, grid));
  return parts;
}

/** The field and the slider of the element that is edited, with its gradient beside the difference quotient. */
function fieldsOf(node, known, grid) {
  const name = node.name || node.id;
  const field = make('input', 'number'), slider = make('input'), said = make('dl', 'slope');
  field.type = 'text';
  field.inputMode = 'decimal';
  field.autocomplete = 'off';
  field.dataset.edit = node.id;
  slider.type = 'range';
  slider.step = 'any';
  const named = () => (known.count === 1 ? name : `${name}[${indexOfElement(known.shape, editing.element).join(', ')}]`);
  const label = make('label', 'field', make('span', '', ''), field);
  const range = x => { const reach = Math.max(1, Math.abs(x)) * (known.isIndex ? 4 : 2); [slider.min, slider.max] = [x - reach, x + reach]; };
  const fill = (isFirst, keepField) => {
    const x = known.value[editing.element], number = Number(x);
    if (!keepField) field.value = exactly(x);
    if (isFirst) range(number);
    if (known.isIndex) slider.step = '1';
    slider.value = number;
    label.firstChild.textContent = `${named()} = `;
    field.setAttribute('aria-label', named());
    slider.setAttribute('aria-label', `${named()}, slider`);
    tellSlope(said, node, known, named());
    if (grid) grid.fill(known);
  };
  refreshEditor = keepField => {
    const index = level.indexOf(node.id), fresh = index >= 0 ? elementsOf(index) : null;
    if (fresh && fresh.value) Object.assign(known, fresh);
    fill(false, keepField === true);
  };
  const before = () => exactly(known.value[editing.element]);
  slider.addEventListener('input', () => editSoon(node.id, editing.element, known.isIndex ? String(Math.round(slider.value)) : exactly(nice(Number(slider.value), slider)), before()));
  slider.addEventListener('change', () => { settle(); at('panel').querySelector('input[type=range]')?.focus({ preventScroll: true }); });
  field.addEventListener('input', () => {
    if (field.value.trim() === '' || Number.isNaN(Number(field.value.replace('−', '-')))) return;
    if (edit(node.id, editing.element, field.value.replace('−', '-'), before())) refreshEditor(true);
  });
  field.addEventListener('keydown', event => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (event.key === 'Enter') settle();
    if (event.key === 'Escape') { field.blur(); return; }
    if (!by) return;
    event.preventDefault();
    const x = Number(known.value[editing.element]), step = known.isIndex ? 1 : stepOf(x) * (event.shiftKey ? 10 : 1);
    edit(node.id, editing.element, exactly(Number((x + by * step).toPrecision(12))), before());
    refreshEditor();
  });
  field.addEventListener('change', settle);
  if (grid) grid.chosen = element => { editing.element = element; fill(true); field.focus({ preventScroll: true }); field.select(); };
  fill(true);
  return [make('h3', '', 'Change it'), label, slider, said];
}

/** A step that changes the second digit. */
const stepOf = x => (x === 0 ? 0.1 : 10 ** (Math.floor(Math.log10(Math.abs(x))) - 1));
/** A number of a slider with no more digits than its length has pixels. */
function nice(x, slider) {
  const step = 10 ** Math.floor(Math.log10((slider.max - slider.min) / 200));
  return Number((Math.round(x / step) * step).toPrecision(12));
}

const inBrackets = x => (x < 0 ? `(${shortly(x, 9)})` : shortly(x, 9));

/** Tells the gradient of an element beside its difference quotient. */
function tellSlope(place, node, known, name) {
  const slope = known.isIndex ? { problem: 'an index' } : ask('quotient', node.id, editing.element, moment);
  if (slope.problem && !known.gradient) return place.replaceChildren();
  const end = outputName(), rows = [];
  if (known.gradient) rows.push(make('dt', '', `∂${end}/∂${name}`), make('dd', 'gradient-text', shortly(known.gradient[editing.element], 9)));
  if (!slope.problem) {
    rows.push(make('dt', '', 'difference quotient'), make('dd', 'gradient-text', shortly(slope.quotient, 9)));
    rows.push(make('dt', '', ''), make('dd', 'quiet', `(f(x + h) − f(x − h)) / 2h = (${shortly(slope.above, 9)} − ${inBrackets(slope.below)}) / ${shortly(2 * slope.h, 3)}`));
  }
  return place.replaceChildren(...rows);
}

const outputName = () => { const end = level.nodes.find(({ kind }) => kind === 'output'); return (end && end.name) || 'output'; };

/** The position of an element along the axes. */
function indexOfElement(shape, element) {
  const index = [];
  for (const size of [...shape].reverse()) { index.unshift(element % size); element = Math.floor(element / size); }
  return index;
}
