// Moving and zooming: the stage shows a rectangle of the drawing, which is the SVG's view box.

const stage = at('stage');
const closest = 8, farthest = 0.05;
let flight = 0, goal = null;

function stageSize() {
  return { width: Math.max(stage.clientWidth, 1), height: Math.max(stage.clientHeight, 1) };
}

/** Shows the drawing so that the point (x, y) is in the middle, at a scale in pixels per unit. */
function show(level, view) {
  const { width, height } = stageSize();
  level.view = view;
  const [wide, high] = [width / view.scale, height / view.scale];
  level.svg.setAttribute('viewBox', `${view.x - wide / 2} ${view.y - high / 2} ${wide} ${high}`);
}

/** The view of the whole drawing. */
function whole(level) {
  const { width, height } = stageSize();
  const scale = Math.min(width / (level.size.width + 24), height / (level.size.height + 24), 2.2);
  return { x: level.size.width / 2, y: level.size.height / 2, scale };
}

/** The smallest text that a reader begins with, in pixels. */
const leastText = 9;

/** The scale at which the smallest text of a drawing can be read. */
function readableScale(level) {
  const sizes = [...level.svg.querySelectorAll('text')].map(text => parseFloat(getComputedStyle(text).fontSize)).filter(size => size > 0);
  return leastText / Math.min(12, ...sizes);
}

/** The view that a reader begins with: the whole drawing, or where it begins if that would be too small to be read. */
function firstView(level) {
  const all = whole(level), { width, height } = stageSize(), scale = readableScale(level);
  if (all.scale >= scale) return all;
  const reach = (size, room) => Math.min(size, room / scale) / 2 - 12;
  return { x: reach(level.size.width, width), y: Math.min(level.size.height / 2, reach(level.size.height + 24, height)), scale };
}

/** Goes to a view, in a quarter of a second, or at once for those who want no motion. */
function flyTo(level, target) {
  cancelAnimationFrame(flight);
  goal = target;
  if (quietly.matches || level.isLarge || !level.view) {
    goal = null;
    return show(level, target);
  }
  const from = level.view, begin = performance.now();
  const frame = now => {
    const t = Math.min(1, Math.max(0, now - begin) / 260), ease = t * t * (3 - 2 * t);
    const between = key => from[key] + (target[key] - from[key]) * ease;
    show(level, { x: between('x'), y: between('y'), scale: between('scale') });
    if (t < 1) flight = requestAnimationFrame(frame);
    else goal = null;
  };
  flight = requestAnimationFrame(frame);
}

/** The box of shapes in the drawing. */
function boxOf(shapes) {
  const boxes = shapes.map(shape => shape.getBBox());
  const left = Math.min(...boxes.map(box => box.x)), right = Math.max(...boxes.map(box => box.x + box.width));
  const top = Math.min(...boxes.map(box => box.y)), bottom = Math.max(...boxes.map(box => box.y + box.height));
  return { left, top, right, bottom, x: (left + right) / 2, y: (top + bottom) / 2 };
}

/** Goes to a node, near enough to be read. */
function flyToNode(level, index) {
  const { x, y } = boxOf([level.shapes[index]]);
  flyTo(level, { x, y, scale: Math.max(level.view.scale, 1) });
}

/** Moves only if a node, with the digits around it as far as there is room, is not well inside the stage, or smaller
    than a scale that is asked for. */
function keepInSight(level, index, least = 0) {
  const { width, height } = stageSize(), now = goal || level.view, room = 30 / Math.max(now.scale, least);
  const view = { ...now, scale: Math.max(now.scale, least) };
  const wide = width / view.scale - 2 * room, high = height / view.scale - 2 * room;
  const around = [...level.into[index], ...level.outOf[index]].flatMap(edge => edge.parts);
  let box = boxOf([level.shapes[index], ...around]);
  if (box.right - box.left > wide || box.bottom - box.top > high) box = boxOf([level.shapes[index]]);
  const inside = Math.abs(box.left - view.x) < wide / 2 && Math.abs(box.right - view.x) < wide / 2
    && Math.abs(box.top - view.y) < high / 2 && Math.abs(box.bottom - view.y) < high / 2;
  if (!inside || view.scale > now.scale) flyTo(level, { x: box.x, y: box.y, scale: view.scale });
}

/** Ends a flight where it is. */
function land() {
  cancelAnimationFrame(flight);
  goal = null;
}

/** Zooms about a point of the stage, given in pixels from its upper left; about its middle if none is given. */
function zoom(level, factor, point) {
  land();
  const { width, height } = stageSize(), view = level.view;
  const scale = Math.min(closest, Math.max(farthest, view.scale * factor));
  const dx = point ? point.x - width / 2 : 0, dy = point ? point.y - height / 2 : 0;
  show(level, { x: view.x + dx / view.scale - dx / scale, y: view.y + dy / view.scale - dy / scale, scale });
}

/** Lets the stage be dragged, its wheel turned, and two fingers pinch. `picked` is told what was clicked. */
function watchStage(current, picked) {
  const fingers = new Map();
  let drag = null;
  const place = event => ({ x: event.clientX, y: event.clientY });
  /** The middle of the fingers on the stage, in pixels from its upper left, and how far apart they are. */
  const pinch = () => {
    const [a, b] = [...fingers.values()], box = stage.getBoundingClientRect();
    return { x: (a.x + b.x) / 2 - box.left, y: (a.y + b.y) / 2 - box.top, apart: Math.max(Math.hypot(a.x - b.x, a.y - b.y), 1) };
  };
  stage.addEventListener('pointerdown', event => {
    if (event.button !== 0) return;
    land();
    fingers.set(event.pointerId, place(event));
    drag = { ...place(event), view: current().view, moved: fingers.size > 1, on: event.target };
    stage.setPointerCapture(event.pointerId);
    // The stage takes the focus, not the node under the mouse, so that the space bar keeps playing steps.
    event.preventDefault();
    stage.focus({ preventScroll: true });
  });
  stage.addEventListener('pointermove', event => {
    if (!drag || !fingers.has(event.pointerId)) return;
    if (fingers.size === 2) {
      const before = pinch();
      fingers.set(event.pointerId, place(event));
      const after = pinch(), view = current().view;
      show(current(), { ...view, x: view.x - (after.x - before.x) / view.scale, y: view.y - (after.y - before.y) / view.scale });
      return zoom(current(), after.apart / before.apart, after);
    }
    fingers.set(event.pointerId, place(event));
    const dx = event.clientX - drag.x, dy = event.clientY - drag.y;
    if (!drag.moved && Math.hypot(dx, dy) < 4) return;
    drag.moved = true;
    stage.classList.add('dragging');
    const { x, y, scale } = drag.view;
    show(current(), { x: x - dx / scale, y: y - dy / scale, scale });
  });
  const end = event => {
    if (!fingers.delete(event.pointerId) || !drag) return;
    const [left] = fingers.values();
    if (left) {
      // The finger that stays goes on dragging from where it is.
      drag = { ...left, view: current().view, moved: true, on: null };
      return;
    }
    stage.classList.remove('dragging');
    const { moved, on } = drag;
    drag = null;
    if (!moved && event.type === 'pointerup') picked(on);
  };
  stage.addEventListener('pointerup', end);
  stage.addEventListener('pointercancel', end);
  stage.addEventListener('wheel', event => {
    event.preventDefault();
    const box = stage.getBoundingClientRect();
    // Lines and pages count as so many pixels.
    const pixels = event.deltaY * [1, 20, 400][event.deltaMode];
    zoom(current(), Math.exp(-pixels * 0.0015), { x: event.clientX - box.left, y: event.clientY - box.top });
  }, { passive: false });
}
