'use strict';

// A level is one drawing with its data: the graph with some of its groups open.

const data = JSON.parse(document.getElementById('data').textContent);
const at = id => document.getElementById(id);
const quietly = matchMedia('(prefers-reduced-motion: reduce)');

/** An element with its class and content. Strings become text, never markup. */
function make(tag, className, ...content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...content.filter(part => part !== null && part !== undefined));
  return element;
}

/** A button that does something. */
function button(className, action, ...content) {
  const element = make('button', className, ...content);
  element.type = 'button';
  element.addEventListener('click', action);
  return element;
}

const numberKeys = ['value', 'gradient', 'valueBins', 'gradientBins'];

class Level {
  /** A state of the page, with the names of the groups that are open in it, and the element that its drawing is in. */
  constructor(known, open, place) {
    this.known = known;
    this.open = new Set(open);
    this.nodes = known.nodes.map(node => ({ ...node }));
    this.edges = known.edges;
    this.groups = known.groups || [];
    this.place = place;
    this.svg = place.querySelector('svg');
    const box = this.svg.viewBox.baseVal;
    this.size = { width: box.width, height: box.height };
    this.view = null;
    // A large drawing is redrawn at once: fading and flying would make every step wait.
    this.isLarge = this.nodes.length > 300;
    this.svg.classList.toggle('large', this.isLarge);
    this.shapes = [...this.svg.querySelectorAll('.node')];
    this.into = this.nodes.map(() => []);
    this.outOf = this.nodes.map(() => []);
    const lines = this.byEdge('.edge'), digits = this.byEdge('.digits');
    for (const edge of this.edges) {
      edge.digits = digits.get(edge.at);
      edge.parts = [lines.get(edge.at), edge.digits].filter(Boolean);
      this.into[edge.to].push(edge);
      this.outOf[edge.from].push(edge);
    }
    for (const edges of this.into) edges.sort((a, b) => a.operand - b.operand);
    this.places = new Map();
    this.nodes.forEach(({ kind, id, members }, index) => {
      for (const each of kind === 'layer' ? members || [] : [id]) this.places.set(each, index);
    });
    this.ties = this.tied();
    this.prepare();
    this.moment = -1;
    this.takeMoment(0);
  }

  /** For each node those at the other side of the chain rule: what the reverse pass recorded for it, or what it was
      recorded for. */
  tied() {
    const ties = this.nodes.map(() => new Set());
    this.nodes.forEach((node, index) => {
      const other = node.belongsTo ? this.indexOf(node.belongsTo) : -1;
      if (other < 0 || other === index) return;
      ties[index].add(other);
      ties[other].add(index);
    });
    return ties.map(set => [...set].sort((a, b) => a - b));
  }

  /** Takes over the numbers of a moment, and shows them; of `fresh` ones too, if they are the first. */
  takeMoment(moment, fresh = false) {
    if (this.moment === moment) return;
    const { numbers, values, gradients } = this.known.moments[moment], isDrawn = this.moment < 0 && !fresh;
    this.moment = moment;
    this.nodes.forEach((node, index) => {
      const next = numbers[index], changed = isDrawn || next.value !== node.value || next.gradient !== node.gradient;
      for (const key of numberKeys) node[key] = next[key];
      if (!changed) return;
      const sum = this.shapes[index].querySelector('.gradient');
      if (sum && !isDrawn) sum.textContent = node.gradient ? `Σ ${node.gradient}` : '';
      this.describe(index);
    });
    this.edges.forEach((edge, index) => {
      const texts = [['.value,.shape', values[index], edge.value], ['.gradient', gradients[index], edge.gradient]];
      [edge.value, edge.gradient] = [values[index], gradients[index]];
      if (!edge.digits || isDrawn) return;
      for (const [selector, said, before] of texts) {
        const text = said === before ? null : edge.digits.querySelector(selector);
        if (text) text.textContent = said || '';
      }
    });
    this.steps = stepsOf(this);
  }

  /** The numbers of a node at every moment. */
  overTime(index) {
    return this.known.moments.map(({ numbers }) => numbers[index]);
  }

  byEdge(selector) {
    const shapes = [...this.svg.querySelectorAll(selector)];
    return new Map(shapes.map(shape => [Number(shape.dataset.edge), shape]));
  }

  /** Makes every node, and the label of every group that can be closed, a thing that can be pointed at, with or
      without a mouse. */
  prepare() {
    this.svg.setAttribute('role', 'group');
    this.svg.setAttribute('aria-label', `the graph, ${this.nodes.length} nodes`);
    this.svg.removeAttribute('width');
    this.svg.removeAttribute('height');
    this.shapes.forEach((shape, index) => {
      const node = this.nodes[index];
      if (node.kind === 'hidden') return;
      shape.setAttribute('tabindex', '0');
      shape.setAttribute('role', 'button');
      if (node.kind === 'output') shape.classList.add('bare');
      if (this.opens(index)) shape.setAttribute('aria-expanded', 'false');
    });
    for (const frame of this.svg.querySelectorAll('.group')) {
      const group = this.groups.find(each => each.id === frame.dataset.id);
      if (!data.live || !group || !group.scope) continue;
      frame.classList.add('closable');
      frame.setAttribute('tabindex', '0');
      frame.setAttribute('role', 'button');
      frame.setAttribute('aria-expanded', 'true');
      frame.setAttribute('aria-label', `close ${group.label}`);
    }
  }

  /** The name by which a closed group is opened; none for anything else. */
  opens(index) {
    const node = this.nodes[index];
    return data.live && node && node.kind === 'layer' ? node.opens : undefined;
  }

  /** Says what a node is and has, for those who hear it. */
  describe(index) {
    const node = this.nodes[index];
    if (node.kind === 'hidden') return;
    // The name contains what is seen, so that the node can be called by it.
    const seen = [...this.shapes[index].querySelectorAll('text')].map(text => text.textContent).filter(Boolean).join(' ');
    const label = this.label(index), [name] = label.split(' (');
    const called = label.includes(seen) ? label : seen.startsWith(name) ? `${seen} (${node.id})` : `${label}, ${seen}`;
    const said = [called, node.value && `value ${node.value}`, node.gradient && `gradient ${node.gradient}`];
    if (node.mark) said.push(markWords[node.mark]);
    this.shapes[index].setAttribute('aria-label', said.filter(Boolean).join(', '));
  }

  /** What a node is called: its name, else its op, with its id where there is one. */
  label(index) {
    const node = this.nodes[index];
    if (node.kind === 'output') return `output ${node.name || ''}`.trim();
    const named = this.nameOf(index) || (node.op || '').replace(/\(.*/s, '') || node.symbol || node.kind;
    return node.kind === 'layer' ? named : `${named} (${node.id})`;
  }

  /** The name that the user gave; that of an output stands at the end of its arrow. */
  nameOf(index) {
    const end = this.outOf[index].find(edge => this.nodes[edge.to].kind === 'output');
    return this.nodes[index].name || (end && this.nodes[end.to].name);
  }

  /** What a node's value is, as the drawing says it: at an arrow that leaves it, or at the node. */
  valueOf(index) {
    const edge = this.outOf[index].find(edge => edge.value);
    if (edge) return { text: edge.value, isShape: Boolean(edge.isShape) };
    const node = this.nodes[index];
    if (node.value) return { text: node.value, isShape: false };
    const shape = node.shape && node.shape !== 'scalar' ? node.shape : null;
    return { text: shape, isShape: Boolean(shape) };
  }

  /** Puts a class on exactly these nodes, by position. */
  markNodes(className, indices) {
    const wanted = new Set(indices);
    this.shapes.forEach((shape, index) => shape.classList.toggle(className, wanted.has(index)));
  }

  /** Puts a class on exactly these edges and their digits. */
  markEdges(className, edges) {
    const wanted = new Set(edges);
    for (const edge of this.edges) for (const part of edge.parts) part.classList.toggle(className, wanted.has(edge));
  }

  /** Where a node of the graph stands here: by itself, or in a closed group; −1 if it does not. */
  indexOf(id) {
    return this.places.has(id) ? this.places.get(id) : -1;
  }

  /** Where a node of another drawing stands here: itself, the group it is in, or the end of what its group holds. */
  counterpart(node) {
    if (node.kind !== 'layer') return this.indexOf(node.id);
    const same = this.nodes.findIndex(other => other.kind === 'layer' && other.name === node.name);
    if (same >= 0) return same;
    const inside = (node.members || []).map(id => this.indexOf(id)).filter(index => index >= 0);
    return inside.length > 0 ? inside[inside.length - 1] : -1;
  }

  /** The shapes that stand for a group: its box, or its frame. */
  shapesOf(scope) {
    const boxes = this.shapes.filter((_, index) => this.nodes[index].kind === 'layer' && [this.nodes[index].opens, this.nodes[index].scope].includes(scope));
    const frames = this.groups.filter(group => group.scope === scope).map(group => this.frame(group)).filter(Boolean);
    return boxes.length > 0 ? boxes : frames;
  }

  frame(group) {
    return [...this.svg.querySelectorAll('.group')].find(frame => frame.dataset.id === group.id);
  }
}

/** What the marks of nodes say, and their signs, from good to bad. */
const markWords = Object.fromEntries(data.marks.map(([word, , says]) => [word, says]));
const markSigns = Object.fromEntries(data.marks.map(([word, sign]) => [word, sign]));
