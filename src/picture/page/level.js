'use strict';

// A level is one drawing with its data: the graph node by node, or layer by layer.

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

class Level {
  constructor(known, place) {
    this.name = known.name;
    this.open = known.open || null;
    this.nodes = known.nodes;
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
      edge.parts = [lines.get(edge.at), digits.get(edge.at)].filter(Boolean);
      this.into[edge.to].push(edge);
      this.outOf[edge.from].push(edge);
    }
    for (const edges of this.into) edges.sort((a, b) => a.operand - b.operand);
    this.steps = stepsOf(this);
    this.prepare();
  }

  byEdge(selector) {
    const shapes = [...this.svg.querySelectorAll(selector)];
    return new Map(shapes.map(shape => [Number(shape.dataset.edge), shape]));
  }

  /** Makes every node a thing that can be pointed at, with or without a mouse. */
  prepare() {
    this.svg.setAttribute('role', 'group');
    this.svg.setAttribute('aria-label', `${this.name}: ${this.nodes.length} nodes`);
    this.svg.removeAttribute('width');
    this.svg.removeAttribute('height');
    this.shapes.forEach((shape, index) => {
      const node = this.nodes[index];
      if (node.kind === 'hidden') return;
      shape.setAttribute('tabindex', '0');
      shape.setAttribute('role', 'button');
      const said = [this.label(index), node.value && `value ${node.value}`, node.gradient && `gradient ${node.gradient}`];
      if (node.mark) said.push(markWords[node.mark]);
      shape.setAttribute('aria-label', said.filter(Boolean).join(', '));
      if (node.kind === 'output') shape.classList.add('bare');
    });
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

  indexOf(id) {
    return this.nodes.findIndex(node => node.id === id);
  }
}

const markWords = {
  right: 'right', kink: 'at a kink', open: 'not resolved', vanishing: 'vanishing gradient', 'zero-gradient': 'gradient all 0',
  dead: 'dead relu', exploding: 'exploding gradient', 'infinite-inherited': 'infinite, from before',
  'nan-inherited': 'NaN, from before', infinite: 'infinite, begins here', nan: 'NaN, begins here', changed: 'changed',
  added: 'added', removed: 'removed', wrong: 'wrong',
};
const markSigns = {
  right: '✓', kink: '∧', open: '?', vanishing: '↓', 'zero-gradient': '0', dead: '—', exploding: '↑', 'infinite-inherited': '∞',
  'nan-inherited': 'N', infinite: '∞', nan: 'N', changed: '~', added: '+', removed: '−', wrong: '✗',
};
